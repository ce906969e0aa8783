import { useState } from "preact/hooks";
import { post } from "../api";
import { useFetched } from "../fetched";
import { shape } from "../kinds";
import { about, dialog, funcName, go, model, modelID, ofModel } from "../state";
import type { InputInfo } from "../wire";
import { Modal } from "./Modal";

interface Choice {
  from: "made" | "random" | "values" | "file" | "given" | "export";
  text: string;
  seed: number;
  mean: string;
  std: string;
  file: File | undefined;
}

const untouched: Choice = { from: "made", text: "", seed: 1, mean: "0.485, 0.456, 0.406", std: "0.229, 0.224, 0.225", file: undefined };
const numbers = (text: string): number[] => text.split(/[\s,]+/).filter(Boolean).map(Number);

export function RunDialog() {
  const info = useFetched<{ inputs: InputInfo[]; sizes: { name: string; min: number; max: number }[] }>(ofModel("inputs"));
  const [choices, setChoices] = useState<Record<string, Choice>>({});
  const [sizes, setSizes] = useState<Record<string, string>>({});
  const [backend, setBackend] = useState(localStorage.getItem("backend") ?? "interp");
  const [error, setError] = useState("");
  const of = (i: InputInfo): Choice => choices[i.name] ?? { ...untouched, from: i.given ? "given" : i.export ? "export" : "made" };
  const change = (i: InputInfo, to: Partial<Choice>): void => setChoices({ ...choices, [i.name]: { ...of(i), ...to } });

  const start = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (!info.data) return;
    localStorage.setItem("backend", backend);
    const form = new FormData();
    const inputs = (info.data?.inputs ?? []).map((i, at) => {
      const c = of(i);
      if (c.from === "file" && c.file) form.set("file" + at, c.file);
      return { name: i.name, from: c.from, text: c.text, seed: c.seed, file: "file" + at, ...(i.image ? { mean: numbers(c.mean), std: numbers(c.std) } : {}) };
    });
    const given = Object.fromEntries(Object.entries(sizes).filter(([, n]) => n).map(([name, n]) => [name, Number(n)]));
    form.set("ask", JSON.stringify({ model: modelID.value, func: funcName.value, backend, inputs, sizes: given }));
    try {
      const { id } = await post<{ id: string }>("/api/runs", form);
      go({ r: id }, true);
      dialog.value = "";
    } catch (problem) {
      setError((problem as Error).message);
    }
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
            Size {s.name}
            <input type="number" min={s.min} placeholder={`${s.min} to ${s.max}`} value={sizes[s.name] ?? ""} onInput={(e) => setSizes({ ...sizes, [s.name]: e.currentTarget.value })} />
          </label>
        ))}
        {info.data?.inputs.map((i) => <InputRow key={i.name} input={i} choice={of(i)} change={(to) => change(i, to)} />)}
        {info.error && <p class="problem">{info.error}</p>}
        {error && <p class="problem" role="alert">{error}</p>}
        <div class="buttons">
          <button type="submit" class="primary" autofocus aria-disabled={!info.data}>Run</button>
        </div>
      </form>
    </Modal>
  );
}

function InputRow({ input, choice, change }: { input: InputInfo; choice: Choice; change: (to: Partial<Choice>) => void }) {
  return (
    <fieldset>
      <legend><span class="mono">{input.name}</span> <span class="soft mono">{shape(input.type)}</span></legend>
      <select aria-label={`Where ${input.name} comes from`} value={choice.from} onChange={(e) => change({ from: e.currentTarget.value as Choice["from"] })}>
        {input.given && <option value="given">from --inputs</option>}
        {input.export && <option value="export">as it was exported with</option>}
        <option value="made">made up, legal for its use</option>
        {input.float && <option value="random">random, by a seed</option>}
        <option value="values">{input.float ? "numbers" : "numbers, such as token ids"}</option>
        <option value="file">{input.image ? "a file: image, .npy, .npz, .safetensors" : "a file: .npy, .npz, .safetensors"}</option>
      </select>
      {choice.from === "random" && <label class="line-field">Seed <input type="number" min={0} value={choice.seed} onInput={(e) => change({ seed: e.currentTarget.valueAsNumber || 0 })} /></label>}
      {choice.from === "values" && <textarea aria-label={`Numbers of ${input.name}`} rows={2} placeholder="1, 2, 3" value={choice.text} onInput={(e) => change({ text: e.currentTarget.value })} />}
      {choice.from === "file" && (
        <>
          <input type="file" aria-label={`File of ${input.name}`} accept=".npy,.npz,.safetensors,.png,.jpg,.jpeg" onChange={(e) => change({ file: e.currentTarget.files?.[0] })} />
          {input.image && input.float && /\.(png|jpe?g)$/i.test(choice.file?.name ?? "") && (
            <>
              <label class="line-field">Mean <input value={choice.mean} onInput={(e) => change({ mean: e.currentTarget.value })} /></label>
              <label class="line-field">Standard deviation <input value={choice.std} onInput={(e) => change({ std: e.currentTarget.value })} /></label>
            </>
          )}
        </>
      )}
    </fieldset>
  );
}
