// The model's modules as a tree of rows, made of the columns that the server sends.
import type { TreeColumns } from "./wire";

/** A row is a module or a node: numbers of nodes as they are, those of modules as -1-module. */
export type Row = number;

export const moduleRow = (module: number): Row => -1 - module;
export const isModule = (row: Row): boolean => row < 0;
export const moduleOf = (row: Row): number => -1 - row;

export interface ShownRow {
  row: Row;
  depth: number;
  place: number; // among its siblings, from 1
  siblings: number;
  open: boolean | undefined; // undefined for one that has nothing inside
}

// What stands in every model and says little; the navigator hides it unless asked.
const quiet = new Set(["core.constant", "core.return"]);

export class Tree {
  readonly children = new Map<Row, Row[]>();
  readonly moduleDepth: number[] = [];
  readonly count: number;

  constructor(readonly columns: TreeColumns) {
    const { modules, nodes } = columns;
    this.count = nodes.kind.length;
    const attached = new Set<number>([0]);
    modules.parent.forEach((parent) => this.moduleDepth.push(parent < 0 ? 0 : this.moduleDepth[parent]! + 1));
    const attach = (module: number): void => {
      if (attached.has(module)) return;
      attached.add(module);
      const parent = modules.parent[module]!;
      attach(parent);
      this.under(moduleRow(parent)).push(moduleRow(module));
    };
    for (let node = 0; node < this.count; node++) {
      const owner = nodes.owner[node]!;
      if (owner >= 0) {
        this.under(owner).push(node);
        continue;
      }
      const module = nodes.module[node]!;
      attach(module);
      this.under(moduleRow(module)).push(node);
    }
  }

  private under(row: Row): Row[] {
    let list = this.children.get(row);
    if (!list) this.children.set(row, (list = []));
    return list;
  }

  kind(node: number): string {
    return this.columns.texts[this.columns.nodes.kind[node]!]!;
  }

  label(node: number): string {
    return this.columns.texts[this.columns.nodes.label[node]!]!;
  }

  type(node: number): string {
    return this.columns.texts[this.columns.nodes.type[node]!]!;
  }

  value(node: number): number {
    return this.columns.nodes.value[node]!;
  }

  path(module: number): string {
    return this.columns.modules.path[module]!;
  }

  /** name is the last part of a module's path. */
  name(module: number): string {
    const path = this.path(module);
    return path === "" ? this.columns.func : path.slice(path.lastIndexOf(".") + 1);
  }

  class(module: number): string {
    return this.columns.modules.class[module]!;
  }

  parent(row: Row): Row | undefined {
    if (isModule(row)) {
      const parent = this.columns.modules.parent[moduleOf(row)]!;
      return parent < 0 ? undefined : moduleRow(parent);
    }
    const owner = this.columns.nodes.owner[row]!;
    return owner >= 0 ? owner : moduleRow(this.columns.nodes.module[row]!);
  }

  /** above lists all that a row is in, the innermost first. */
  above(row: Row): Row[] {
    const list: Row[] = [];
    for (let at = this.parent(row); at !== undefined; at = this.parent(at)) list.push(at);
    return list;
  }

  /** inside lists the nodes in a row, at any depth. */
  *inside(row: Row): Generator<number> {
    if (!isModule(row)) yield row;
    for (const child of this.children.get(row) ?? []) yield* this.inside(child);
  }

  isQuiet(row: Row): boolean {
    return !isModule(row) && quiet.has(this.kind(row));
  }

  /** rows lists what is visible with some rows open. wanted, where it is given, leaves only those nodes and what they are in. */
  rows(open: ReadonlySet<Row>, all: boolean, wanted?: ReadonlySet<number>): ShownRow[] {
    const list: ShownRow[] = [];
    const needed = wanted && new Set<Row>(wanted);
    if (needed) for (const node of wanted) for (const row of this.above(node)) needed.add(row);
    const visible = (row: Row): boolean => {
      if (needed) return needed.has(row);
      return all || (isModule(row) ? (this.children.get(row) ?? []).some(visible) : !this.isQuiet(row));
    };
    const walk = (row: Row, depth: number, place: number, siblings: number): void => {
      const children = (this.children.get(row) ?? []).filter(visible);
      const shown = children.length > 0 && (open.has(row) || needed !== undefined);
      list.push({ row, depth, place, siblings, open: children.length > 0 ? shown : undefined });
      if (shown) children.forEach((child, i) => walk(child, depth + 1, i + 1, children.length));
    };
    walk(moduleRow(0), 0, 1, 1);
    return list;
  }

  /** outset opens the outer modules, and those inside that are small. */
  outset(): Set<Row> {
    const open = new Set<Row>([moduleRow(0)]);
    const small = 12;
    this.columns.modules.parent.forEach((_, module) => {
      const depth = this.moduleDepth[module]!;
      if (depth === 1 && (this.children.get(moduleRow(module))?.length ?? 0) <= small) open.add(moduleRow(module));
    });
    return open;
  }
}
