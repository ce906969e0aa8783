import { effect } from "@preact/signals";
import { useState } from "preact/hooks";
import { post } from "../api";
import { dismiss } from "../failures";
import { useFetched } from "../fetched";
import { dimensions, shape } from "../kinds";
import { about, dialog, funcName, go, job, model, modelID, ofModel } from "../state";
import type { Begun, InputInfo, InputsInfo, Origin } from "../wire";
import { Modal } from "./Modal";

interface Choice {
  from: Origin;
  text: string;
  seed: number;
  mean: string;
  std: string;
  file: File | undefined;
}

type Choices = Record<string, Partial<Choice>>;

const untouched = { text: "", seed: 1, mean: "0.485, 0.456, 0.406", std: "0.229, 0.224, 0.225", file: undefined };
const choiceOf = (input: InputInfo, choices: Choices): Choice => ({ ...untouched, from: input.from, ...choices[input.name] });
const numbers = (text: string): number[] => text.split(/[\s,]+/).filter(Boolean).map(Number);

/** request is the form that the server takes: what is asked for as JSON, and the files. */
function request(backend: string, info: InputsInfo, choices: Choices, sizes: Record<string, string>): FormData {
  const form = new FormData();
  const inputs = info.inputs.map((i, at) => {
    const c = choiceOf(i, choices);
    if (c.from === "file" && c.file) form.set("file" + at, c.file);
    return { name: i.name, from: c.from, text: c.text, seed: c.seed, file: "file" + at, ...(i.image ? { mean: numbers(c.mean), std: numbers(c.std) } : {}) };
  });
  const given = Object.fromEntries(Object.entries(sizes).filter(([, n]) => n).map(([name, n]) => [name, Number(n)]));
  form.set("ask", JSON.stringify({ model: modelID.value, func: funcName.value, backend, inputs, sizes: given }));
  return form;
}

/** computing waits until a run has its inputs and computes. One that fails before that is the dialog's to tell of. */
function computing(id: string): Promise<void> {
  return new Promise((begun, fail) => {
    const stop = effect(() => {
      const j = job(id);
      if (!j || (j.status === "running" && j.what !== "running")) return;
      if (j.status === "failed" && j.done === 0 && dialog.peek() === "run") {
        dismiss([id]);
        fail(new Error(j.error));
      } else begun();
      queueMicrotask(() => stop());
    });
  });
}

// The largest size that there can be stands for one that is not limited.
const unlimited = 2 ** 31 - 1;
const range = ({ min, max }: { min: number; max: number }): string => (max >= unlimited ? `${min} or more` : `${min} to ${max}`);

/** partOf says which part of which input has a size. */
function partOf(size: string, inputs: readonly InputInfo[]): string {
  for (const i of inputs) {
    const dimension = dimensions(i.type).indexOf(size);
    if (dimension >= 0) return `dimension ${dimension} of ${i.name}, `;
  }
  return "";
}

/** RunDialog runs the function that is shown. */
export function RunDialog() {
  const info = useFetched<InputsInfo>(ofModel("inputs"));
  const [choices, setChoices] = useState<Choices>({});
  const [sizes, setSizes] = useState<Record<string, string>>({});
  const [backend, setBackend] = useState(localStorage.getItem("backend") ?? "interp");
  const [error, setError] = useState("");
  const [starting, setStarting] = useState(false);
  const start = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (!info.data || starting) return;
    localStorage.setItem("backend", backend);
    setStarting(true);
    setError("");
    try {
      const { id } = await post<Begun>("/api/runs", request(backend, info.data, choices, sizes));
      await computing(id);
      go({ r: id }, true);
      if (dialog.value === "run") dialog.value = "";
    } catch (problem) {
      setError((problem as Error).message);
    }
    setStarting(false);
  };
  return (
    <Modal title={`Run @${funcName.value}`}>
      <form onSubmit={start}>
        <p class="soft">{model.value.data?.passes ? `after ${model.value.data.passes}` : "as it stands"}</p>
        <label class="line-field">
          Engine
          <select value={backend} onChange={(e) => setBackend(e.currentTarget.value)}>
            {about.value?.backends.map((b) => <option key={b} value={b}>{b === "interp" ? "interp: shows every value" : `${b}: as it runs in earnest`}</option>)}
          </select>
        </label>
        {info.data?.sizes.map((s) => (
          <label class="line-field" key={s.name}>
            <span><span class="mono">{s.name}</span>: {partOf(s.name, info.data!.inputs)}{range(s)}</span>
            <input type="number" min={s.min} max={s.max} placeholder={s.default === undefined ? "as the inputs have it" : String(s.default)} value={sizes[s.name] ?? ""} onInput={(e) => setSizes({ ...sizes, [s.name]: e.currentTarget.value })} />
          </label>
        ))}
        {info.data?.inputs.map((i) => <InputRow key={i.name} input={i} choice={choiceOf(i, choices)} change={(to) => setChoices({ ...choices, [i.name]: { ...choices[i.name], ...to } })} />)}
        {info.error && <p class="problem">{info.error}</p>}
        {error && <p class="problem" role="alert">{error}</p>}
        <div class="buttons">
          <button type="submit" class="primary" autofocus aria-disabled={!info.data || starting}>{starting ? "Starting …" : "Run"}</button>
        </div>
      </form>
    </Modal>
  );
}

interface RowProps {
  input: InputInfo;
  choice: Choice;
  change: (to: Partial<Choice>) => void;
}

/** origins are the places that an input may come from. */
const origins: { from: Origin; of: (i: InputInfo) => boolean; text: (i: InputInfo) => string }[] = [
  { from: "saved", of: (i) => i.saved, text: () => "as the saved values came from" },
  { from: "given", of: (i) => i.given, text: () => "from --inputs" },
  { from: "export", of: (i) => i.export, text: () => "as it was exported with" },
  { from: "made", of: () => true, text: () => "made up, legal for its use" },
  { from: "random", of: (i) => i.float, text: () => "random, by a seed" },
  { from: "values", of: () => true, text: (i) => (i.float ? "numbers" : "numbers, such as token ids") },
  { from: "file", of: () => true, text: (i) => (i.image ? "a file: image, .npy, .npz, .safetensors" : "a file: .npy, .npz, .safetensors") },
];

function InputRow({ input, choice, change }: RowProps) {
  return (
    <fieldset>
      <legend><span class="mono">{input.name}</span> <span class="soft mono">{shape(input.type)}</span></legend>
      <select aria-label={`Where ${input.name} comes from`} value={choice.from} onChange={(e) => change({ from: e.currentTarget.value as Origin })}>
        {origins.filter((o) => o.of(input)).map((o) => <option key={o.from} value={o.from}>{o.text(input)}</option>)}
      </select>
      {choice.from === "random" && <label class="line-field">Seed <input type="number" min={0} value={choice.seed} onInput={(e) => change({ seed: e.currentTarget.valueAsNumber || 0 })} /></label>}
      {choice.from === "values" && <textarea aria-label={`Numbers of ${input.name}`} rows={2} placeholder="1, 2, 3" value={choice.text} onInput={(e) => change({ text: e.currentTarget.value })} />}
      {choice.from === "file" && <FileRows input={input} choice={choice} change={change} />}
    </fieldset>
  );
}

/** FileRows choose a file and, for an image, how its numbers are normalised. */
function FileRows({ input, choice, change }: RowProps) {
  const picture = input.image && input.float && /\.(png|jpe?g)$/i.test(choice.file?.name ?? "");
  return (
    <>
      <input type="file" aria-label={`File of ${input.name}`} accept={".npy,.npz,.safetensors" + (input.image ? ",.png,.jpg,.jpeg" : "")} onChange={(e) => change({ file: e.currentTarget.files?.[0] })} />
      {picture && <label class="line-field">Mean <input value={choice.mean} onInput={(e) => change({ mean: e.currentTarget.value })} /></label>}
      {picture && <label class="line-field">Standard deviation <input value={choice.std} onInput={(e) => change({ std: e.currentTarget.value })} /></label>}
    </>
  );
}
