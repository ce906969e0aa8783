import { useState } from "preact/hooks";
import { post } from "../api";
import { about, dialog, funcName, go, jobsOf, model, modelID } from "../state";
import type { Begun } from "../wire";
import { Modal } from "./Modal";
import { navigatorTab } from "./Navigator";

/** CompareDialog begins a comparison of two models, or of one with saved values. */
export function CompareDialog() {
  const models = jobsOf("m").filter((j) => j.status === "done");
  const runs = jobsOf("r").filter((j) => j.status === "done");
  const saved = about.value?.saved ?? [];
  const other = saved[0]?.model ?? models.find((j) => j.id !== modelID.value)?.id ?? modelID.value ?? "";
  const fastest = about.value?.backends.includes("cpu") ? "cpu" : "interp";
  const [tested, setTested] = useState({ model: modelID.value ?? "", backend: fastest });
  const [reference, setReference] = useState({ model: other, backend: "interp" });
  const [inputs, setInputs] = useState(saved.some((s) => s.model === other) ? "" : (runs.at(-1)?.id ?? ""));
  const [preset, setPreset] = useState("");
  const [error, setError] = useState("");
  const fromFile = saved.some((s) => s.model === reference.model);
  const start = async (e: Event): Promise<void> => {
    e.preventDefault();
    try {
      const { id } = await post<Begun>("/api/compare", { tested, reference, func: tested.model === modelID.value ? funcName.value : "", inputs, preset });
      navigatorTab.value = "points";
      go(tested.model === modelID.value ? { c: id } : { c: id, m: tested.model, f: undefined, v: undefined });
      dialog.value = "";
    } catch (problem) {
      setError((problem as Error).message);
    }
  };
  if (!model.value.data) return null;
  const engines = (value: string, set: (to: string) => void, label: string) => (
    <select aria-label={label} value={value} onChange={(e) => set(e.currentTarget.value)}>
      {about.value?.backends.map((b) => <option key={b} value={b}>{b}</option>)}
    </select>
  );
  return (
    <Modal title="Compare">
      <form onSubmit={start}>
        <p class="soft">Both run on the same inputs, in step. Tensors that equal one tensor of PyTorch's graph are compared.</p>
        <fieldset>
          <legend>A, tested</legend>
          <select aria-label="Tested model" value={tested.model} onChange={(e) => setTested({ ...tested, model: e.currentTarget.value })}>
            {models.map((j) => <option key={j.id} value={j.id}>{j.title}</option>)}
          </select>
          {engines(tested.backend, (backend) => setTested({ ...tested, backend }), "Engine of the tested side")}
        </fieldset>
        <fieldset>
          <legend>B, reference</legend>
          <select aria-label="Reference" value={reference.model} onChange={(e) => { setReference({ ...reference, model: e.currentTarget.value }); if (saved.some((s) => s.model === e.currentTarget.value)) setInputs(""); }}>
            {saved.map((s) => <option key={s.model} value={s.model}>{s.title} (saved)</option>)}
            {models.map((j) => <option key={j.id} value={j.id}>{j.title}</option>)}
          </select>
          {!fromFile && engines(reference.backend, (backend) => setReference({ ...reference, backend }), "Engine of the reference")}
        </fieldset>
        <label class="line-field">
          Inputs
          <select value={inputs} onChange={(e) => setInputs(e.currentTarget.value)}>
            <option value="">{fromFile ? "those of the saved run" : "those of the export, or made ones"}</option>
            {runs.map((j) => <option key={j.id} value={j.id}>{j.id}: {j.title}</option>)}
          </select>
        </label>
        <label class="line-field">
          Limits
          <select value={preset} onChange={(e) => setPreset(e.currentTarget.value)}>
            <option value="">by what was done to A</option>
            {about.value?.presets.map((p) => <option key={p.name} value={p.name}>{p.name}: {p.doc}</option>)}
          </select>
        </label>
        {error && <p class="problem" role="alert">{error}</p>}
        <div class="buttons"><button type="submit" class="primary" autofocus>Compare</button></div>
      </form>
    </Modal>
  );
}
