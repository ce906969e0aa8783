import { computed, signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { go, navigatorTab, node, open, toggle, tree } from "../state";
import type { ShownRow } from "../tree";
import { shownPoints, worst } from "../verdicts";
import { Chip } from "./Chip";
import { Icon } from "./Icon";
import { List } from "./List";
import { Tabs } from "./Tabs";
import { SyncPoints, walkPoints } from "./SyncPoints";

const filter = signal("");
const all = signal(false);

const wanted = computed(() => {
  const t = tree.value;
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  if (!t || words.length === 0) return undefined;
  const found = new Set<number>();
  for (let i = 1; i < t.count; i++) {
    if (t.kind(i) === "constant" && !all.value) continue;
    const text = `${t.name(i)} ${t.op(i)} ${t.path(i)} ${t.detail(i)}`.toLowerCase();
    if (words.every((w) => text.includes(w))) found.add(i);
  }
  return found;
});
const rows = computed<ShownRow[]>(() => tree.value?.rows(open.value, all.value, wanted.value) ?? []);
const currentAt = computed(() => rows.value.findIndex((r) => r.node === node.value));

/** walk moves by some rows; the arrow keys do, wherever they are pressed. */
export function walk(step: number): void {
  if (navigatorTab.value === "points") return walkPoints(step);
  const list = rows.value;
  if (list.length === 0) return;
  go({ v: list[Math.min(Math.max(currentAt.value + step, 0), list.length - 1)]!.node });
}

/** unfold opens or closes the current row, or goes into or out of it. */
export function unfold(to: boolean): void {
  const at = rows.value[currentAt.value];
  if (!at) return;
  if (at.open !== undefined && at.open !== to) toggle(at.node, to);
  else if (to && at.open) walk(1);
  else if (!to) {
    const parent = tree.value?.parent(at.node);
    if (parent !== undefined) go({ v: parent });
  }
}

export function Navigator() {
  const count = shownPoints.value?.points.length;
  return (
    <section class="pane navigator" aria-label="Navigator">
      <div class="bar">
        <Tabs
          label="Navigator" value={navigatorTab.value} set={(to) => (navigatorTab.value = to)}
          tabs={{ modules: "Modules", points: <>Sync points {count !== undefined && <span class="count">{count}</span>}</> }}
        />
      </div>
      {navigatorTab.value === "modules" ? <Modules /> : <SyncPoints />}
    </section>
  );
}

function Modules() {
  const box = useRef<HTMLDivElement>(null);
  const t = tree.value;
  return (
    <>
      <div class="bar">
        <label class="field">
          <Icon name="search" />
          <input
            id="filter"
            type="search"
            placeholder="Filter"
            title="Words of names, kinds, modules and shapes"
            aria-label="Filter"
            value={filter.value}
            onInput={(e) => (filter.value = e.currentTarget.value)}
          />
        </label>
        <button class="quiet" aria-pressed={all.value} onClick={() => (all.value = !all.value)} title="Show constants and returns, too">
          constants
        </button>
      </div>
      <List
        count={rows.value.length}
        height={24}
        shown={currentAt.value}
        center
        box={box}
        class="tree"
        home
        role="tree"
        aria-label="Modules and operations"
        aria-activedescendant={currentAt.value >= 0 ? "row" + node.value : undefined}
        tabIndex={0}
        row={(i) => t && <TreeRow key={rows.value[i]!.node} shown={rows.value[i]!} />}
      />
      {t && filter.value && rows.value.length <= 1 && <p class="empty">Nothing has all of these words.</p>}
    </>
  );
}

function TreeRow({ shown }: { shown: ShownRow }) {
  const t = tree.value!;
  const at = shown.node;
  return (
    <div
      id={"row" + at}
      role="treeitem"
      class={"row" + (t.isModule(at) ? " row-module" : "")}
      aria-level={shown.depth + 1}
      aria-setsize={shown.siblings}
      aria-posinset={shown.place}
      aria-expanded={shown.open}
      aria-selected={at === node.value}
      style={{ paddingLeft: `${6 + shown.depth * 14}px` }}
      onClick={() => go({ v: at })}
      onDblClick={() => shown.open !== undefined && toggle(at)}
    >
      <span class="twist" onClick={(e) => (e.stopPropagation(), shown.open !== undefined && toggle(at))}>
        {shown.open !== undefined && <Icon name={shown.open ? "down" : "right"} />}
      </span>
      <NodeText at={at} />
      {worst.value.has(at) && <RowChip at={at} />}
    </div>
  );
}

/** RowChip shows the score of a node, or of the worst in it. */
function RowChip({ at }: { at: number }) {
  const p = worst.value.get(at)!;
  return <Chip mark={p.mark} text={p.text.replace(/ dB$/, "")} verdict={p.verdict} />;
}

/** NodeText is a node in a list: its mark, who it is, and what it is. */
export function NodeText({ at }: { at: number }) {
  const t = tree.value!;
  return (
    <>
      {!t.isModule(at) && <span class={"mark mark-" + t.family(at)} aria-hidden="true" />}
      <span class="row-name">{t.label(at)}</span>
      <span class="row-kind">{t.isModule(at) ? t.detail(at) : t.kind(at) === "op" ? t.title(at) : t.kind(at)}</span>
    </>
  );
}
