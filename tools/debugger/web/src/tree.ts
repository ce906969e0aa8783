// A function as a tree of modules and operations, made of the columns that the server sends. A node stands before all that is in it.
import type { TreeColumns } from "./wire";

export interface ShownRow {
  node: number;
  depth: number;
  place: number; // among its siblings, from 1
  siblings: number;
  open: boolean | undefined; // undefined for one that has nothing inside
}

export class Tree {
  readonly count: number;
  readonly root = 0;

  constructor(readonly columns: TreeColumns) {
    this.count = columns.kind.length;
  }

  private text(column: readonly number[], node: number): string {
    return this.columns.texts[column[node]!]!;
  }

  kind = (node: number): string => this.columns.kinds[this.columns.kind[node]!]!;
  family = (node: number): string => this.columns.families[this.columns.family[node]!]!;
  /** name is who a node is: the path of a module, otherwise the name of its value for the user. */
  name = (node: number): string => this.text(this.columns.name, node);
  title = (node: number): string => this.text(this.columns.title, node);
  detail = (node: number): string => this.text(this.columns.detail, node);
  second = (node: number): string => this.text(this.columns.second, node);
  op = (node: number): string => this.text(this.columns.op, node);
  lines = (node: number): string[] => (this.columns.lines[node] ?? []).map((t) => this.columns.texts[t]!);
  value = (node: number): number => this.columns.value[node]!;
  end = (node: number): number => this.columns.end[node]!;
  ops = (node: number): number => this.columns.count[node]!;
  opens = (node: number): boolean => this.end(node) > node + 1 && this.kind(node) !== "constant";
  isModule = (node: number): boolean => this.kind(node) === "module" || node === this.root;
  valueName = (value: number): string => this.columns.texts[this.columns.values.name[value]!]!;
  valueType = (value: number): string => this.columns.texts[this.columns.values.type[value]!]!;

  /** label is what a row calls a node. */
  label(node: number): string {
    return this.isModule(node) ? this.title(node) : this.name(node) || this.title(node);
  }

  parent(node: number): number | undefined {
    const parent = this.columns.parent[node]!;
    return parent < 0 ? undefined : parent;
  }

  /** above lists all that a node is in, the innermost first. */
  above(node: number): number[] {
    const list: number[] = [];
    for (let at = this.parent(node); at !== undefined; at = this.parent(at)) list.push(at);
    return list;
  }

  contains = (outer: number, node: number): boolean => outer <= node && node < this.end(outer);

  /** find gives the first node of a name, a module before others. */
  find(name: string): number | undefined {
    let found: number | undefined;
    for (let n = 1; n < this.count; n++) {
      if (this.name(n) !== name) continue;
      if (this.kind(n) === "module") return n;
      found ??= n;
    }
    return found;
  }

  /** path is the path of the module that a node is in. */
  path(node: number): string {
    const at = [node, ...this.above(node)].find((n) => this.kind(n) === "module");
    return at === undefined ? "" : this.name(at);
  }

  *children(node: number): Generator<number> {
    if (this.columns.end[node]! <= node + 1) return;
    for (let c = node + 1; c < this.end(node); c = this.end(c)) yield c;
  }

  /** rows lists what is visible with some nodes open. wanted, where it is given, leaves only those nodes and what they are in. */
  rows(open: ReadonlySet<number>, constants: boolean, wanted?: ReadonlySet<number>): ShownRow[] {
    const list: ShownRow[] = [];
    const needed = wanted && new Set<number>(wanted);
    if (needed) for (const node of wanted) for (const row of this.above(node)) needed.add(row);
    const visible = (node: number): boolean => (needed ? needed.has(node) : constants || this.kind(node) !== "constant");
    const walk = (node: number, depth: number, place: number, siblings: number): void => {
      const children = [...this.children(node)].filter(visible);
      const shown = children.length > 0 && (open.has(node) || needed !== undefined);
      list.push({ node, depth, place, siblings, open: children.length > 0 ? shown : undefined });
      if (shown) children.forEach((child, i) => walk(child, depth + 1, i + 1, children.length));
    };
    walk(this.root, 0, 1, 1);
    return list;
  }

  /** outset is what is open at first. */
  outset = (): Set<number> => new Set(this.columns.start);
}
