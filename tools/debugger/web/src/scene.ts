// A picture as the server has laid it out, and how it is drawn.
import type { Tree } from "./tree";
import type { SceneColumns } from "./wire";

export interface Box {
  node: number;
  outer: number; // the box around; -1 for the whole
  x: number;
  y: number;
  w: number;
  h: number;
  open: boolean;
}

interface Edge {
  from: number;
  to: number;
  value: number;
  more: number;
  points: number[]; // x, y, x, y, ...
  top: number;
  bottom: number;
  left: number;
  right: number;
}

interface Stub {
  box: number;
  value: number;
  gives: boolean;
  x: number;
  y: number;
  side: number; // left, right, top, bottom
}

export class Scene {
  readonly width: number;
  readonly height: number;
  readonly boxes: Box[] = [];
  readonly edges: Edge[] = [];
  readonly stubs: Stub[] = [];
  readonly ofNode = new Map<number, number>();

  constructor(c: SceneColumns) {
    this.width = c.width;
    this.height = c.height;
    for (let i = 0; i < c.boxes.length; i += 7) {
      const [node, outer, x, y, w, h, open] = c.boxes.slice(i, i + 7) as [number, number, number, number, number, number, number];
      this.ofNode.set(node, this.boxes.length);
      this.boxes.push({ node, outer, x, y, w, h, open: open === 1 });
    }
    let at = 0;
    for (let i = 0; i < c.edges.length; i += 5) {
      const [from, to, value, more, n] = c.edges.slice(i, i + 5) as [number, number, number, number, number];
      const points = c.points.slice(at, at + 2 * n);
      at += 2 * n;
      const xs = points.filter((_, k) => k % 2 === 0);
      this.edges.push({ from, to, value, more, points, left: Math.min(...xs), right: Math.max(...xs), top: points[1]!, bottom: points[points.length - 1]! });
    }
    for (let i = 0; i < c.stubs.length; i += 6) {
      const [box, value, gives, x, y, side] = c.stubs.slice(i, i + 6) as [number, number, number, number, number, number];
      this.stubs.push({ box, value, gives: gives === 1, x, y, side });
    }
  }

  /** at finds the innermost box at a place. Boxes in others stand behind these. */
  at(x: number, y: number): Box | undefined {
    for (let i = this.boxes.length - 1; i >= 0; i--) {
      const b = this.boxes[i]!;
      if (x >= b.x && x < b.x + b.w && y >= b.y && y < b.y + b.h) return b;
    }
    return undefined;
  }

  /** shown is the box of a node or, where a closed one hides it, that one. */
  shown(t: Tree, node: number | undefined): Box | undefined {
    for (let at = node; at !== undefined; at = t.parent(at)) {
      const box = this.ofNode.get(at);
      if (box !== undefined) return this.boxes[box];
    }
    return undefined;
  }
}

/** View is which part of the picture is seen: screen = (picture + offset) * zoom. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

export interface Look {
  text: string;
  soft: string;
  line: string;
  edge: string;
  accent: string;
  card: string;
  frames: [string, string];
  inside: Record<string, string>;
  border: Record<string, string>;
  verdict: Record<string, string>;
  font: string;
}

const families = ["other", "product", "elementwise", "reduction", "view", "index", "numbers", "memory", "control", "port"];

/** lookOf reads the colours of the theme. */
export function lookOf(element: Element): Look {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  const table = (prefix: string): Record<string, string> => Object.fromEntries(families.map((f) => [f, of(`--${prefix}-${f}`)]));
  return {
    text: of("--text"), soft: of("--soft"), line: of("--line"), edge: of("--edge"), accent: of("--accent"), card: of("--card"),
    frames: [of("--frame-0"), of("--frame-1")], inside: table("b"), border: table("m"),
    verdict: { good: of("--good"), fair: of("--fair"), bad: of("--bad"), none: of("--none") },
    font: style.fontFamily,
  };
}

// Sizes that the layout has counted on.
const titleSize = 12;
const detailSize = 10;
const lineSize = 9;
// From these zooms on, less is drawn.
const noText = 0.35;
const noEdges = 0.08;

export interface Marks {
  selected: number | undefined;
  verdict: (node: number) => string | undefined; // good, fair, bad or none
  sign: (node: number) => string;
}

/** Painter draws what is in view. */
export class Painter {
  constructor(
    private readonly c: CanvasRenderingContext2D,
    private readonly t: Tree,
    private readonly s: Scene,
    private readonly look: Look,
    private readonly view: View,
    private readonly marks: Marks,
  ) {}

  paint(width: number, height: number): void {
    const { c, view } = this;
    const left = -view.x;
    const top = -view.y;
    const right = left + width / view.zoom;
    const bottom = top + height / view.zoom;
    const selected = this.s.shown(this.t, this.marks.selected);
    const seen = (b: Box): boolean => b.x < right && b.x + b.w > left && b.y < bottom && b.y + b.h > top;
    c.scale(view.zoom, view.zoom);
    c.translate(view.x, view.y);
    c.lineWidth = 1;
    for (const b of this.s.boxes) if (b.open && seen(b)) this.frame(b);
    if (view.zoom > noEdges) {
      for (const e of this.s.edges) {
        const near = selected !== undefined && (this.s.boxes[e.from] === selected || this.s.boxes[e.to] === selected);
        if (e.left < right && e.right > left && e.top < bottom && e.bottom > top) this.edge(e, near);
      }
    }
    for (const b of this.s.boxes) if (b.open && seen(b)) this.heading(b);
    for (const b of this.s.boxes) if (!b.open && seen(b)) this.box(b);
    if (view.zoom > noText) for (const u of this.s.stubs) if (u.x > left - 100 && u.x < right + 100 && u.y > top && u.y < bottom) this.stub(u, this.s.boxes[u.box] === selected);
    if (selected) {
      this.far(selected);
      this.outline(selected);
    }
  }

  /** far draws, for the selected box alone, the long edges that stubs stand for. */
  private far(selected: Box): void {
    const { c, look } = this;
    const own = this.s.stubs.filter((u) => this.s.boxes[u.box] === selected);
    c.strokeStyle = look.accent;
    c.lineWidth = 1.5;
    c.setLineDash([6, 4]);
    for (const u of own) {
      for (const v of this.s.stubs) {
        if (v.value !== u.value || v.gives === u.gives) continue;
        const [from, to] = u.gives ? [u, v] : [v, u];
        c.beginPath();
        c.moveTo(from.x, from.y);
        c.bezierCurveTo(from.x + 60, from.y + 60, to.x - 60, to.y - 60, to.x, to.y);
        c.stroke();
      }
    }
    c.setLineDash([]);
    c.lineWidth = 1;
  }

  private round(b: Box, grow: number, radius: number): void {
    this.c.beginPath();
    this.c.roundRect(b.x - grow, b.y - grow, b.w + 2 * grow, b.h + 2 * grow, radius + grow);
  }

  private depth(b: Box): number {
    let n = 0;
    for (let at = b.outer; at >= 0; at = this.s.boxes[at]!.outer) n++;
    return n;
  }

  private frame(b: Box): void {
    const { c, look } = this;
    c.fillStyle = look.frames[this.depth(b) % 2]!;
    c.strokeStyle = look.line;
    this.round(b, 0, 6);
    c.fill();
    c.stroke();
  }

  private heading(b: Box): void {
    if (this.view.zoom <= noText / 2) return;
    const { c, look, t } = this;
    c.textAlign = "left";
    c.font = `600 ${titleSize}px ${look.font}`;
    c.fillStyle = look.text;
    c.strokeStyle = look.frames[this.depth(b) % 2]!;
    c.lineWidth = 4;
    const title = "▾ " + t.title(b.node);
    c.strokeText(title, b.x + 10, b.y + 17);
    c.fillText(title, b.x + 10, b.y + 17);
    const width = c.measureText(title).width;
    c.font = `${titleSize}px ${look.font}`;
    c.fillStyle = look.soft;
    c.fillText(t.detail(b.node), b.x + 18 + width, b.y + 17);
    c.lineWidth = 1;
    this.verdict(b);
  }

  private edge(e: Edge, near: boolean): void {
    const { c, look } = this;
    const p = e.points;
    c.strokeStyle = near ? look.accent : look.edge;
    c.lineWidth = near ? 2 : 1.2;
    c.beginPath();
    c.moveTo(p[0]!, p[1]!);
    for (let i = 2; i < p.length; i += 2) {
      const [x0, y0, x1, y1] = [p[i - 2]!, p[i - 1]!, p[i]!, p[i + 1]!];
      const middle = (y0 + y1) / 2;
      if (x0 === x1) c.lineTo(x1, y1);
      else c.bezierCurveTo(x0, middle, x1, middle, x1, y1);
    }
    c.stroke();
    c.lineWidth = 1;
    if (this.s.boxes[e.to]!.open || this.view.zoom <= noText / 2) return;
    const [x, y] = [p[p.length - 2]!, p[p.length - 1]!];
    c.fillStyle = c.strokeStyle;
    c.beginPath();
    c.moveTo(x, y);
    c.lineTo(x - 3, y - 6);
    c.lineTo(x + 3, y - 6);
    c.fill();
  }

  private box(b: Box): void {
    const { c, look, t } = this;
    const kind = t.kind(b.node);
    const family = t.family(b.node);
    const port = family === "port" || kind === "state" || kind === "update";
    const radius = port ? b.h / 2 : 5;
    const verdict = this.view.zoom <= noText ? this.marks.verdict(b.node) : undefined; // too small for a badge: the whole box
    c.fillStyle = verdict ? look.verdict[verdict]! : look.inside[family]!;
    c.strokeStyle = look.border[family]!;
    if (t.opens(b.node) && this.view.zoom > noText) {
      this.round({ ...b, x: b.x + 3, y: b.y + 3 }, 0, radius);
      c.fill();
      c.stroke();
    }
    this.round(b, 0, radius);
    c.fill();
    c.stroke();
    if (this.view.zoom > noText) this.text(b);
    this.verdict(b);
  }

  private text(b: Box): void {
    const { c, look, t } = this;
    const x = b.x + b.w / 2;
    let y = b.y + 6 + titleSize;
    c.textAlign = "center";
    c.fillStyle = look.text;
    c.font = `600 ${titleSize}px ${look.font}`;
    c.fillText(t.title(b.node), x, y, b.w - 6);
    c.fillStyle = look.soft;
    const second = t.second(b.node);
    if (second) {
      y += detailSize + 3;
      c.font = `${detailSize}px ${look.font}`;
      c.fillText(second, x, y, b.w - 6);
    }
    c.font = `${lineSize}px ${look.font}`;
    for (const line of t.lines(b.node)) {
      y += lineSize + 3;
      c.fillText(line, x, y, b.w - 6);
    }
  }

  /** verdict marks a box whose tensor was compared, by colour and by shape. */
  private verdict(b: Box): void {
    const verdict = this.marks.verdict(b.node);
    if (!verdict) return;
    const { c, look } = this;
    c.fillStyle = look.verdict[verdict]!;
    if (!b.open) c.fillRect(b.x, b.y + 3, 4, b.h - 6);
    if (this.view.zoom <= noText) return;
    // A badge on the upper border, to the right, above the text.
    c.font = `700 10px ${look.font}`;
    c.textAlign = "right";
    const sign = this.marks.sign(b.node);
    const width = c.measureText(sign).width + 10;
    const right = b.x + b.w + (b.open ? -6 : 8);
    c.strokeStyle = c.fillStyle;
    c.fillStyle = look.card;
    c.beginPath();
    c.roundRect(right - width, b.y - 12, width, 15, 7.5);
    c.fill();
    c.stroke();
    c.fillStyle = c.strokeStyle;
    c.fillText(sign, right - 5, b.y - 1);
  }

  private stub(u: Stub, near: boolean): void {
    const { c, look, t } = this;
    const name = t.valueName(u.value);
    const text = name.length > 13 ? name.slice(0, 12) + "…" : name;
    c.font = `italic ${detailSize}px ${look.font}`;
    c.fillStyle = near ? look.accent : look.soft;
    c.strokeStyle = c.fillStyle;
    const [sx, align] = ([[-1, "right"], [1, "left"], [0, "center"], [0, "center"]] as const)[u.side]!;
    c.textAlign = align;
    if (sx !== 0) {
      c.setLineDash([2, 2]);
      c.beginPath();
      c.moveTo(u.x, u.y);
      c.lineTo(u.x + 10 * sx, u.y);
      c.stroke();
      c.setLineDash([]);
    }
    c.fillText(text, u.x + 13 * sx, u.y + (u.side === 2 ? 10 : u.side === 3 ? -4 : 3));
  }

  private outline(b: Box): void {
    const { c, look } = this;
    c.strokeStyle = look.accent;
    c.lineWidth = Math.max(2, 2 / this.view.zoom);
    this.round(b, 2, 6);
    c.stroke();
  }
}
