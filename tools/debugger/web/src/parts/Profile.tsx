import { signal } from "@preact/signals";
import { useFetched } from "../fetched";
import { bytes, millis } from "../numbers";
import { ofModel, open, shownRun, toggle, tree } from "../state";
import type { Tree } from "../tree";
import type { Profile as Data } from "../wire";
import { Icon } from "./Icon";

interface Line {
  node: number;
  depth: number;
  bytes: number;
  nanos: number;
}

const sort = signal<"order" | "bytes" | "nanos">("order");

/** lines sums up the modules that are open, and those in them. */
function lines(t: Tree, data: Data, shown: ReadonlySet<number>): Line[] {
  const upTo = (of: number[]): Float64Array => {
    const sums = new Float64Array(t.count + 1);
    for (let n = 0; n < t.count; n++) sums[n + 1] = sums[n]! + (of[n] ?? 0);
    return sums;
  };
  const bytes = upTo(data.bytes);
  const nanos = upTo(data.nanos);
  const line = (node: number, depth: number): Line => ({ node, depth, bytes: bytes[t.end(node)]! - bytes[node]!, nanos: nanos[t.end(node)]! - nanos[node]! });
  const list: Line[] = [];
  const walk = (at: Line): void => {
    list.push(at);
    if (!shown.has(at.node)) return;
    const inner = [...t.children(at.node)].filter(t.isModule).map((n) => line(n, at.depth + 1));
    const by = sort.value;
    if (by !== "order") inner.sort((a, b) => b[by] - a[by]);
    inner.forEach(walk);
  };
  walk(line(t.root, 0));
  return list;
}

/** Profile shows the size and the time of each module. */
export function Profile() {
  const run = shownRun.value;
  const got = useFetched<Data>(ofModel("profile", { run: run?.id }));
  const t = tree.value;
  if (got.error) return <p class="empty problem">{got.error}</p>;
  if (!got.data || !t) return <p class="empty">…</p>;
  const list = lines(t, got.data, open.value);
  const total = list[0]!;
  return (
    <div class="profile">
      <table>
        <thead>
          <tr>
            <th scope="col">Module</th>
            <Head by="order" text="Operations" />
            <Head by="bytes" text="Weights" />
            <Head by="nanos" text={run ? `Time on ${run.backend}` : "Time"} />
          </tr>
        </thead>
        <tbody>
          {list.map((l) => (
            <tr key={l.node}>
              <th scope="row" style={{ paddingLeft: `${8 + 14 * l.depth}px` }}>
                <button class="twist" aria-label={`Open or close ${t.title(l.node)}`} aria-expanded={open.value.has(l.node)} onClick={() => toggle(l.node)}>
                  <Icon name={open.value.has(l.node) ? "down" : "right"} />
                </button>
                {t.title(l.node)} <span class="row-kind">{t.detail(l.node)}</span>
              </th>
              <td>{t.ops(l.node).toLocaleString("en")}</td>
              <Share value={l.bytes} of={total.bytes} text={bytes(l.bytes)} />
              {run ? <Share value={l.nanos} of={total.nanos} text={millis(l.nanos / 1e6)} /> : <td class="soft">run the model</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head({ by, text }: { by: "order" | "bytes" | "nanos"; text: string }) {
  return (
    <th scope="col" aria-sort={sort.value === by && by !== "order" ? "descending" : "none"}>
      <button onClick={() => (sort.value = by)}>{text}</button>
    </th>
  );
}

function Share({ value, of, text }: { value: number; of: number; text: string }) {
  return (
    <td class="share">
      <span class="share-bar" style={{ width: `${of > 0 ? (100 * value) / of : 0}%` }} aria-hidden="true" />
      <span>{text}</span>
    </td>
  );
}
