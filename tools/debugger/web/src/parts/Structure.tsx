import { effect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { failure, least, look, scene, unfoldAt, view, zoomBy } from "../picture";
import { Painter, type Box } from "../scene";
import { go, node, open, tree } from "../state";
import { signOf, verdictOf } from "../verdicts";
import { Icon } from "./Icon";
import { Minimap } from "./Minimap";

interface Size {
  w: number;
  h: number;
}

/** Structure is the picture of the function, which is dragged, zoomed and opened. */
export function Structure() {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(box);
  useShown(size);
  useDrawing(canvas, size);
  return (
    <div class="structure" ref={box} tabIndex={0} role="group" aria-label="Picture of the structure: arrows move it, plus and minus zoom, 0 shows all, Enter opens the selected module" onKeyDown={(e) => keys(e, size)}>
      <canvas ref={canvas} aria-hidden="true" style={{ width: `${size.w}px`, height: `${size.h}px` }} onPointerDown={drag} onWheel={wheel} onDblClick={unfoldUnder} />
      <Crumbs />
      {failure.value && <p class="structure-problem problem" role="alert">{failure.value}</p>}
      <div class="structure-tools">
        <button class="icon-button" aria-label="Close what was opened" title="Close what was opened" onClick={() => tree.value && (open.value = tree.value.outset())}><Icon name="fold" /></button>
        <button class="icon-button" aria-label="Show all" title="Show all (0)" onClick={() => fit(size)}><Icon name="fit" /></button>
      </div>
      <Minimap width={size.w} height={size.h} />
    </div>
  );
}

/** useSize follows the size of an element. */
function useSize(box: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ w: 0, h: 0 });
  useEffect(() => {
    const watch = new ResizeObserver(([e]) => setSize({ w: e!.contentRect.width, h: e!.contentRect.height }));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  return size;
}

/** fit shows all of the picture, unless that takes a smaller zoom. */
function fit(size: Size, smallest = least): void {
  const s = scene.value;
  if (!s || size.w === 0) return;
  const zoom = Math.min(Math.max(Math.min(size.w / (s.width + 40), size.h / (s.height + 40)), smallest), 1.1);
  view.value = { zoom, x: Math.max(20, (size.w / zoom - s.width) / 2), y: Math.max(20, (size.h / zoom - s.height) / 2) };
}

const selectedBox = (): Box | undefined => tree.value && scene.value?.shown(tree.value, node.value);

/** center moves the picture so that the selection is in the middle. */
function center(size: Size): void {
  const b = selectedBox();
  if (!b) return;
  const zoom = Math.max(view.value.zoom, 0.6);
  view.value = { zoom, x: size.w / zoom / 2 - b.x - Math.min(b.w, size.w / zoom - 80) / 2, y: size.h / zoom / 2 - b.y - Math.min(b.h, size.h / zoom - 80) / 2 };
}

// The first view is as large as it can be read, or as wide as the pane where that is not too small.
const readable = 0.7;
const narrowest = 0.25;

/** useShown shows a new function, as much of it as can be read; after that the picture moves only to show what is selected. */
function useShown(size: Size): void {
  const fitted = useRef<unknown>(undefined);
  useEffect(() => {
    if (!tree.value || !scene.value || size.w === 0 || fitted.current === tree.value) return;
    fitted.current = tree.value;
    fit(size, Math.max(Math.min(readable, size.w / (scene.value.width + 40)), narrowest));
  });
  useEffect(() => {
    const b = selectedBox();
    if (!b || size.w === 0) return;
    const v = view.value;
    const [x, y] = [(b.x + v.x) * v.zoom, (b.y + v.y) * v.zoom];
    const inside = x > 0 && y > 0 && x + Math.min(b.w, 200) * v.zoom < size.w && y + Math.min(b.h, 60) * v.zoom < size.h;
    if (!inside) center(size);
  }, [node.value, scene.value, size.w, size.h]);
}

/** useDrawing draws the picture whenever something that it shows changes. */
function useDrawing(canvas: RefObject<HTMLCanvasElement | null>, size: Size): void {
  const t = tree.value;
  useEffect(() => effect(() => {
    const s = scene.value;
    const now = view.value;
    const marks = { selected: node.value, verdict: verdictOf.value, sign: signOf.value };
    void look.value;
    const el = canvas.current;
    if (!el || !t || !s || size.w === 0) return;
    const frame = requestAnimationFrame(() => {
      const scale = devicePixelRatio || 1;
      if (el.width !== Math.round(size.w * scale)) el.width = Math.round(size.w * scale);
      if (el.height !== Math.round(size.h * scale)) el.height = Math.round(size.h * scale);
      const c = el.getContext("2d")!;
      c.setTransform(scale, 0, 0, scale, 0, 0);
      c.clearRect(0, 0, size.w, size.h);
      new Painter(c, t, s, look.value, now, marks).paint(size.w, size.h);
    });
    return () => cancelAnimationFrame(frame);
  }), [t, size.w, size.h]);
}

/** place is where on its element an event is. */
function place(e: MouseEvent): [number, number] {
  const r = (e.currentTarget as HTMLElement).getBoundingClientRect();
  return [e.clientX - r.left, e.clientY - r.top];
}

/** inPicture is a place of the pane in the picture. */
const inPicture = ([x, y]: [number, number]): [number, number] => [x / view.value.zoom - view.value.x, y / view.value.zoom - view.value.y];

const heading = 26; // pixels of an open box that select it; below there is what is in it

/** drag moves the picture; where nothing was moved, it selects the box. */
function drag(e: PointerEvent): void {
  const el = e.currentTarget as HTMLElement;
  const from = { x: e.clientX, y: e.clientY, v: view.value };
  const [x, y] = inPicture(place(e));
  let moved = false;
  el.setPointerCapture(e.pointerId);
  el.onpointermove = (p) => {
    moved ||= Math.abs(p.clientX - from.x) + Math.abs(p.clientY - from.y) > 4;
    if (moved) view.value = { ...from.v, x: from.v.x + (p.clientX - from.x) / from.v.zoom, y: from.v.y + (p.clientY - from.y) / from.v.zoom };
  };
  el.onpointerup = () => {
    el.onpointermove = el.onpointerup = null;
    const b = scene.value?.at(x, y);
    if (!moved && b && (!b.open || y < b.y + heading)) go({ v: b.node });
  };
}

function wheel(e: WheelEvent): void {
  e.preventDefault();
  if (e.ctrlKey || e.metaKey || !e.shiftKey) zoomBy(Math.exp(-e.deltaY / (e.ctrlKey ? 100 : 500)), ...place(e));
  else view.value = { ...view.value, x: view.value.x - e.deltaY / view.value.zoom };
}

function unfoldUnder(e: MouseEvent): void {
  const b = scene.value?.at(...inPicture(place(e)));
  if (b && tree.value?.opens(b.node) && b.node !== 0) unfoldAt(b.node);
}

function keys(e: KeyboardEvent, size: Size): void {
  const v = view.value;
  const pan = 80 / v.zoom;
  const actions: Record<string, () => void> = {
    "+": () => zoomBy(1.25, size.w / 2, size.h / 2),
    "-": () => zoomBy(0.8, size.w / 2, size.h / 2),
    "0": () => fit(size),
    Enter: () => (node.value !== undefined && tree.value?.opens(node.value) ? unfoldAt(node.value) : center(size)),
    ArrowLeft: () => (view.value = { ...v, x: v.x + pan }),
    ArrowRight: () => (view.value = { ...v, x: v.x - pan }),
    ArrowUp: () => (view.value = { ...v, y: v.y + pan }),
    ArrowDown: () => (view.value = { ...v, y: v.y - pan }),
  };
  const action = actions[e.key];
  if (!action || e.altKey || e.ctrlKey || e.target !== e.currentTarget) return;
  e.preventDefault();
  e.stopPropagation();
  action();
}

/** Crumbs leads to the modules around the selection. */
function Crumbs() {
  const t = tree.value;
  if (!t || node.value === undefined) return null;
  const around = [...t.above(node.value).reverse(), node.value];
  return (
    <nav class="structure-crumbs" aria-label="Modules around">
      {around.map((n) => (
        <button key={n} class="link" aria-current={n === node.value ? "true" : undefined} onClick={() => go({ v: n })}>{n === t.root ? t.title(n) : t.label(n)}</button>
      ))}
    </nav>
  );
}
