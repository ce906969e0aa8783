import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { compare, type CompareAsk, type SideAsk } from "../comparisons";
import { useFetched } from "../fetched";
import { about, dialog, funcName, job, jobsOf, model, modelID } from "../state";
import type { InputsInfo, Job } from "../wire";
import { Modal } from "./Modal";

/** fileOf is the name of a model's file. */
const fileOf = (id: string | undefined): string => job(id)?.title.split(" · ")[0] ?? "";
const isExport = (id: string): boolean => fileOf(id).endsWith(".pt2");
const opened = (): readonly Job[] => jobsOf("m").filter((j) => j.status === "done");

interface Option {
  value: string;
  text: string;
  ask: SideAsk;
  saved?: boolean;
}

/** references lists what a model may be compared with, what is proposed first: saved values of the program, otherwise its file as PyTorch saved it. */
function references(tested: string, fits: boolean): Option[] {
  const saved = (about.value?.saved ?? []).map((s) => ({ value: s.model, text: `${s.title} (saved)`, ask: { model: s.model, backend: "" }, saved: true }));
  const chosen = { value: "", text: "the saved values of this program", ask: { model: "", backend: "" }, saved: true }; // by the server, among several
  const file = { value: "original", text: `${fileOf(tested)} as PyTorch saved it`, ask: { model: tested, backend: "", original: true } };
  const models = opened().map((j) => ({ value: j.id, text: j.title, ask: { model: j.id, backend: "" } }));
  const original = isExport(tested) ? [file] : [];
  if (fits && saved.length > 0) return [...(saved.length > 1 ? [chosen] : []), ...saved, ...original, ...models];
  const others = models.filter((o) => o.value !== tested);
  return [...original, ...others, ...models.filter((o) => o.value === tested), ...saved];
}

/** CompareDialog begins a comparison of two models, or of one with saved values. */
export function CompareDialog() {
  const fastest = about.value?.backends.includes("cpu") ? "cpu" : "interp";
  const [tested, setTested] = useState({ model: modelID.value ?? "", backend: fastest });
  const [wanted, want] = useState<string | undefined>(undefined);
  const [engine, setEngine] = useState("interp");
  const [inputs, setInputs] = useState<string | undefined>(undefined);
  const [preset, setPreset] = useState("");
  const takes = useFetched<InputsInfo>(`/api/models/${tested.model}/inputs`);
  const list = references(tested.model, takes.data?.inputs.some((i) => i.saved) ?? true);
  const b = list.find((o) => o.value === wanted) ?? list[0];
  const runs = jobsOf("r").filter((j) => j.status === "done" && fileOf(j.model) === fileOf(tested.model));
  const given = inputs ?? (b?.saved ? "" : (runs.at(-1)?.id ?? ""));
  if (!model.value.data || !b) return null;
  const ask = { tested, reference: b.saved ? b.ask : { ...b.ask, backend: engine }, func: tested.model === modelID.value ? (funcName.value ?? "") : "", inputs: given, preset };
  return (
    <Modal title="Compare">
      <Question ask={ask} ready={!takes.busy}>
        <fieldset>
          <legend>A, tested</legend>
          <Choice label="Tested model" value={tested.model} list={opened().map((j) => [j.id, j.title])} take={(id) => setTested({ ...tested, model: id })} />
          <Engine label="Engine of the tested side" value={tested.backend} take={(backend) => setTested({ ...tested, backend })} />
        </fieldset>
        <fieldset>
          <legend>B, reference</legend>
          <Choice label="Reference" value={b.value} list={list.map((o) => [o.value, o.text])} take={(to) => (want(to), setInputs(undefined))} />
          {!b.saved && <Engine label="Engine of the reference" value={engine} take={setEngine} />}
        </fieldset>
        <label class="line-field">
          Inputs
          <Choice value={given} list={[["", b.saved ? "those of the saved run" : "those of the export, or made ones"], ...runs.map((j) => [j.id, `${j.id}: ${j.title}`] as const)]} take={setInputs} />
        </label>
        <label class="line-field">
          Limits
          <Choice value={preset} list={[["", "by what was done to A"], ...(about.value?.presets ?? []).map((p) => [p.name, `${p.name}: ${p.doc}`] as const)]} take={setPreset} />
        </label>
      </Question>
    </Modal>
  );
}

/** Question is the form that begins the comparison, once what is proposed is known. */
function Question({ ask, ready, children }: { ask: CompareAsk; ready: boolean; children: ComponentChildren }) {
  const [error, setError] = useState("");
  const start = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (!ready) return;
    try {
      await compare(ask);
      dialog.value = "";
    } catch (problem) {
      setError((problem as Error).message);
    }
  };
  return (
    <form onSubmit={start}>
      <p class="soft">Both run on the same inputs, in step. Tensors that equal one tensor of PyTorch's graph are compared.</p>
      {children}
      {error && <p class="problem" role="alert">{error}</p>}
      <div class="buttons"><button type="submit" class="primary" autofocus aria-disabled={!ready}>Compare</button></div>
    </form>
  );
}

interface ChoiceProps {
  label?: string;
  value: string;
  list: readonly (readonly [string, string])[];
  take: (value: string) => void;
}

function Choice({ label, value, list, take }: ChoiceProps) {
  return (
    <select aria-label={label} value={value} onChange={(e) => take(e.currentTarget.value)}>
      {list.map(([id, text]) => <option key={id} value={id}>{text}</option>)}
    </select>
  );
}

/** Engine chooses what computes a side. */
function Engine({ label, value, take }: Omit<ChoiceProps, "list">) {
  return <Choice {...(label ? { label } : {})} value={value} list={(about.value?.backends ?? []).map((b) => [b, b] as const)} take={take} />;
}
