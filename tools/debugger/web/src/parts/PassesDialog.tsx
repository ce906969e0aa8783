import { useState } from "preact/hooks";
import { post } from "../api";
import { about, dialog, go, model, modelID } from "../state";
import { Modal } from "./Modal";

/** PassesDialog opens the model again, with other passes. */
export function PassesDialog() {
  const [passes, setPasses] = useState(model.value.data?.passes ?? "");
  const [error, setError] = useState("");
  const build = async (e: Event): Promise<void> => {
    e.preventDefault();
    try {
      const { id } = await post<{ id: string }>("/api/models", { model: modelID.value, passes });
      go({ m: id, f: undefined, v: undefined, r: undefined });
      dialog.value = "";
    } catch (problem) {
      setError((problem as Error).message);
    }
  };
  const examples = ["", "decompose", "decompose{composites=false}", "decompose,fuse,w4", "decompose,fuse,w8", ...(about.value?.pipelines.map((p) => p.name) ?? [])];
  return (
    <Modal title="Open with other passes">
      <form onSubmit={build}>
        <p class="soft">The model is read again and opened beside this one, so that both can be run and compared.</p>
        <label class="block-field">
          Passes
          <input class="mono" autofocus value={passes} onInput={(e) => setPasses(e.currentTarget.value)} spellcheck={false} />
        </label>
        <div class="tags">
          {examples.map((p) => <button type="button" key={p} class="tag" onClick={() => setPasses(p)}>{p || "none"}</button>)}
        </div>
        {error && <p class="problem" role="alert">{error}</p>}
        <div class="buttons"><button type="submit" class="primary">Open</button></div>
      </form>
    </Modal>
  );
}
