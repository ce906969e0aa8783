import { computed, signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { family, short } from "../kinds";
import { go, node, open, toggle, tree } from "../state";
import { isModule, moduleOf, type Row, type ShownRow } from "../tree";
import { Icon } from "./Icon";
import { List } from "./List";

const filter = signal("");
const all = signal(false);
// A module that the keyboard stands on; otherwise it stands on the selected node.
const moduleAt = signal<Row | undefined>(undefined);

const wanted = computed(() => {
  const t = tree.value;
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  if (!t || words.length === 0) return undefined;
  const found = new Set<number>();
  for (let i = 0; i < t.count; i++) {
    const text = `${t.label(i)} ${t.kind(i)} ${t.path(t.columns.nodes.module[i]!)} ${t.type(i)}`.toLowerCase();
    if (words.every((w) => text.includes(w))) found.add(i);
  }
  return found;
});
const rows = computed<ShownRow[]>(() => tree.value?.rows(open.value, all.value, wanted.value) ?? []);
const current = computed<Row | undefined>(() => moduleAt.value ?? node.value);
const currentAt = computed(() => rows.value.findIndex((r) => r.row === current.value));

function choose(row: Row): void {
  if (isModule(row)) moduleAt.value = row;
  else {
    moduleAt.value = undefined;
    go({ v: row });
  }
}

/** walk moves by some rows; the arrow keys do, wherever they are pressed. */
export function walk(step: number): void {
  const list = rows.value;
  if (list.length === 0) return;
  choose(list[Math.min(Math.max(currentAt.value + step, 0), list.length - 1)]!.row);
}

/** unfold opens or closes the current row, or goes into or out of it. */
export function unfold(to: boolean): void {
  const at = rows.value[currentAt.value];
  if (!at) return;
  if (at.open !== undefined && at.open !== to) toggle(at.row, to);
  else if (to && at.open) walk(1);
  else if (!to) {
    const parent = tree.value?.parent(at.row);
    if (parent !== undefined) choose(parent);
  }
}

export function Navigator() {
  const box = useRef<HTMLDivElement>(null);
  const t = tree.value;
  return (
    <section class="pane navigator" aria-label="Navigator">
      <div class="bar">
        <label class="field">
          <Icon name="search" />
          <input
            id="filter"
            type="search"
            placeholder="Filter by name, kind, module, shape"
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
        role="tree"
        aria-label="Modules and operations"
        aria-activedescendant={currentAt.value >= 0 ? "row" + current.value : undefined}
        tabIndex={0}
        row={(i) => t && <TreeRow key={rows.value[i]!.row} shown={rows.value[i]!} />}
      />
      {t && filter.value && rows.value.length <= 1 && <p class="empty">Nothing has all of these words.</p>}
    </section>
  );
}

function TreeRow({ shown }: { shown: ShownRow }) {
  const { row, depth } = shown;
  const selected = row === current.value;
  return (
    <div
      id={"row" + row}
      role="treeitem"
      class={"row" + (isModule(row) ? " row-module" : "")}
      aria-level={depth + 1}
      aria-setsize={shown.siblings}
      aria-posinset={shown.place}
      aria-expanded={shown.open}
      aria-selected={selected}
      style={{ paddingLeft: `${6 + depth * 14}px` }}
      onClick={() => choose(row)}
      onDblClick={() => shown.open !== undefined && toggle(row)}
    >
      <span class="twist" onClick={(e) => (e.stopPropagation(), shown.open !== undefined && toggle(row))}>
        {shown.open !== undefined && <Icon name={shown.open ? "down" : "right"} />}
      </span>
      {isModule(row) ? <ModuleText module={moduleOf(row)} /> : <NodeText node={row} />}
    </div>
  );
}

function ModuleText({ module }: { module: number }) {
  const t = tree.value!;
  return (
    <>
      <span class="row-name">{t.name(module)}</span>
      <span class="row-kind">{t.class(module)}</span>
    </>
  );
}

function NodeText({ node }: { node: number }) {
  const t = tree.value!;
  const kind = t.kind(node);
  return (
    <>
      <span class={"mark mark-" + family(kind)} aria-hidden="true" />
      <span class="row-name">{t.label(node) || short(kind)}</span>
      <span class="row-kind">{short(kind)}</span>
    </>
  );
}
