import { signal } from "@preact/signals";
import { useFetched } from "../fetched";
import { bytes, millis } from "../numbers";
import { ofModel, open, root, shownRun, toggle, tree } from "../state";
import { isModule, moduleOf, type Row, type Tree } from "../tree";
import type { Profile as Data } from "../wire";
import { Icon } from "./Icon";

interface Line {
  row: Row;
  depth: number;
  ops: number;
  bytes: number;
  nanos: number;
}

const sort = signal<"order" | "bytes" | "nanos">("order");

/** lines sums up the modules that are open, and those in them. */
function lines(t: Tree, data: Data, shown: ReadonlySet<Row>): Line[] {
  const list: Line[] = [];
  const sum = (row: Row): Omit<Line, "row" | "depth"> => {
    const total = { ops: 0, bytes: 0, nanos: 0 };
    for (const node of t.inside(row)) {
      total.ops++;
      total.bytes += data.bytes[node] ?? 0;
      total.nanos += data.nanos[node] ?? 0;
    }
    return total;
  };
  const walk = (row: Row, depth: number): void => {
    list.push({ row, depth, ...sum(row) });
    if (!shown.has(row)) return;
    const inner = (t.children.get(row) ?? []).filter(isModule).map((r) => ({ r, s: sum(r) }));
    const by = sort.value;
    if (by !== "order") inner.sort((a, b) => b.s[by] - a.s[by]);
    for (const { r } of inner) walk(r, depth + 1);
  };
  walk(root, 0);
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
            <tr key={l.row}>
              <th scope="row" style={{ paddingLeft: `${8 + 14 * l.depth}px` }}>
                <button class="twist" aria-label={`Open or close ${t.name(moduleOf(l.row))}`} aria-expanded={open.value.has(l.row)} onClick={() => toggle(l.row)}>
                  <Icon name={open.value.has(l.row) ? "down" : "right"} />
                </button>
                {t.name(moduleOf(l.row))} <span class="row-kind">{t.class(moduleOf(l.row))}</span>
              </th>
              <td>{l.ops.toLocaleString("en")}</td>
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
