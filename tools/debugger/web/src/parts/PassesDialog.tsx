import { useEffect, useState } from "preact/hooks";
import { draft, openBuild, shownBuild } from "../builds";
import { about, dialog } from "../state";
import { Modal } from "./Modal";
import { TextTools } from "./TextTools";

const weights = (spec: string): string => `quantization_config:
  global_config:
    op_input_spec: null
    op_output_spec: null
    op_state_spec:
      weight: ${spec}
`;

// Where configurations begin.
const configs: [string, string][] = [
  ["none", ""],
  ["int4 weights", weights("{dtype: int4, granularity: {type: per_channel}}")],
  ["int4, blocks of 32", weights("{dtype: int4, granularity: {type: per_block, block_size: 32}}")],
  ["int8 weights", weights("{dtype: int8, granularity: {type: per_channel}}")],
  ["4-bit palettes", "kmeans_palettization_config:\n  global_config:\n    op_state_spec:\n      weight: {n_bits: 4}\n"],
];

/** PassesDialog opens the model again, with other passes and another configuration. */
export function PassesDialog() {
  const [start] = useState(draft.value ?? { build: shownBuild.value, problem: "" });
  const [build, setBuild] = useState(start.build);
  const [error, setError] = useState(start.problem);
  useEffect(() => () => void (draft.value = undefined), []);
  const open = async (e: Event): Promise<void> => {
    e.preventDefault();
    try {
      await openBuild(build);
      dialog.value = "";
    } catch (problem) {
      setError((problem as Error).message);
    }
  };
  const pipelines = ["", "decompose", "decompose{composites=false}", "decompose,fuse,w4", ...(about.value?.pipelines.map((p) => p.name) ?? [])];
  return (
    <Modal title="Open with other passes" wide>
      <form onSubmit={open}>
        <p class="soft">The model is read again and opened beside this one, so that both can be run and compared.</p>
        <Choice
          label="Passes" list={pipelines.map((p) => [p || "none", p])} take={(passes) => setBuild({ ...build, passes })}
          field={(id) => <input id={id} class="mono" autofocus value={build.passes} onInput={(e) => setBuild({ ...build, passes: e.currentTarget.value })} spellcheck={false} />}
        />
        <Choice
          label="Configuration of compression, in YAML" list={configs} take={(config) => setBuild({ ...build, config })}
          field={(id) => <textarea id={id} class="mono" rows={10} value={build.config} onInput={(e) => setBuild({ ...build, config: e.currentTarget.value })} spellcheck={false} />}
        />
        {error && <p class="problem" role="alert">{error}</p>}
        <div class="buttons">
          <TextTools text={build.config} name="recipe.yaml" />
          <span class="grow" />
          <button type="submit" class="primary">Open</button>
        </div>
      </form>
    </Modal>
  );
}

interface ChoiceProps {
  label: string;
  list: readonly [string, string][];
  take: (text: string) => void;
  field: (id: string) => preact.JSX.Element;
}

/** Choice is a field with texts that it may begin with. */
function Choice({ label, list, take, field }: ChoiceProps) {
  const id = label.split(" ")[0]!.toLowerCase();
  return (
    <div class="block-field">
      <label for={id}>{label}</label>
      {field(id)}
      <div class="tags" role="group" aria-label={`${label}: examples`}>
        {list.map(([name, text]) => <button type="button" key={name} class="tag" onClick={() => take(text)}>{name}</button>)}
      </div>
    </div>
  );
}
