import { computed, effect, signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { get, query } from "../api";
import { useFetched } from "../fetched";
import { modelID, node, ofModel, op } from "../state";
import type { Frame, Lines, Span } from "../wire";
import { List } from "./List";
import { Tabs } from "./Tabs";

const tabs = { python: "Python", air: ".air", llvm: "LLVM", metal: "Metal" } as const;
type Tab = keyof typeof tabs;
const tab = signal<Tab>("python");
const frameAt = signal<{ node: number | undefined; frame: Frame } | undefined>(undefined);

/** sourceOpen is false until there is something to show: the picture has the room. */
export const sourceOpen = signal(false);
effect(() => {
  if (node.value !== undefined && op.value && op.value.op !== "") sourceOpen.value = true;
});

function chooseTab(to: Tab): void {
  tab.value = to;
  sourceOpen.value = true;
}

/** showFrame shows a line of the model's source. */
export function showFrame(frame: Frame): void {
  tab.value = "python";
  frameAt.value = { node: node.value, frame };
}

const frames = computed<Frame[]>(() => (op.value?.places ?? []).flatMap((p) => p.frames ?? []));
const frame = computed(() => {
  const chosen = frameAt.value;
  return chosen && chosen.node === node.value ? chosen.frame : frames.value[0];
});

export function Source() {
  return (
    <section class="pane source" aria-label="Source">
      <div class="bar">
        <Tabs label="Source form" tabs={tabs} value={tab.value} set={chooseTab} />
        {tab.value === "python" && frame.value && <span class="bar-note" title={frame.value.name}>{shortened(frame.value.name)}:{frame.value.line}</span>}
      </div>
      {sourceOpen.value && <Shown />}
    </section>
  );
}

/** shortened leaves out the beginning of a long path. */
const shortened = (path: string): string => (path.length > 40 ? "…/" + path.split("/").slice(-2).join("/") : path);

function Shown() {
  const o = op.value;
  if (node.value === undefined) return <p class="empty">Select an operation to see where it comes from.</p>;
  if (!o) return <p class="empty">…</p>;
  switch (tab.value) {
    case "python":
      return frame.value ? (
        <Text path={`/api/models/${modelID.value}/source/${frame.value.file}`} line={frame.value.line} />
      ) : (
        <p class="empty">{o.op === "" ? "Only operations have a place in the source." : "The model does not say where this operation comes from."}</p>
      );
    case "air":
      return o.line < 0 ? <p class="empty">{o.text}</p> : <Text path={ofModel("text")} line={o.line + 1} />;
    default:
      return o.kernel ? (
        <Text path={ofModel("kernel/" + o.node, { form: tab.value })} line={1} quiet />
      ) : (
        <p class="empty">No code of its own is generated for this operation.</p>
      );
  }
}

const chunk = 200; // lines are asked for in runs of this length

/** chunkPath is the address of run n of the lines at a path. */
const chunkPath = (path: string, n: number): string =>
  path + (path.includes("?") ? "&" : "?") + query({ from: n * chunk + 1, to: (n + 1) * chunk }).slice(1);

/** Text shows lines, asked for as they come into view; line is marked and scrolled to. */
function Text({ path, line, quiet }: { path: string; line: number; quiet?: boolean }) {
  const first = useFetched<Lines>(chunkPath(path, Math.floor((line - 1) / chunk)));
  const [, redraw] = useState(0);
  const have = useState(() => new Map<string, Span[][]>())[0];
  if (first.error) return <p class="empty problem">{first.error}</p>;
  if (!first.data || !first.path?.startsWith(chunkPath(path, 0).slice(0, path.length + 1))) return <p class="empty">…</p>;
  const want = (from: number, to: number): void => {
    for (let n = Math.floor(from / chunk); n * chunk < to; n++) {
      const at = chunkPath(path, n);
      if (have.has(at)) continue;
      have.set(at, []);
      get<Lines>(at).then((got) => (have.set(at, got.lines), redraw((x) => x + 1)), () => have.delete(at));
    }
  };
  const spans = (i: number): Span[] => have.get(chunkPath(path, Math.floor(i / chunk)))?.[i % chunk] ?? [];
  return (
    <>
      {first.data.changed && <p class="changed">▲ The file has changed since {first.data.changed} was saved.</p>}
      <List
        count={first.data.total} height={19} shown={line - 1} center class="code" aria-label={first.data.name} tabIndex={0} onRange={want}
        row={(i) => (
          <div key={i} class={"line" + (i === line - 1 && !quiet ? " line-here" : "")}>
            <span class="line-number">{i + 1}</span>
            <Spans spans={spans(i)} />
          </div>
        )}
      />
    </>
  );
}

export function Spans({ spans }: { spans: Span[] }) {
  return (
    <span class="line-text">
      {spans.map(([kind, text], i) => (kind ? <span key={i} class={"w-" + kind}>{text}</span> : text))}
    </span>
  );
}
