import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { failure, least, look, scene, unfoldAt, view, zoomBy } from "../picture";
import { Painter } from "../scene";
import { go, node, open, tree } from "../state";
import { verdictOf, signOf } from "../verdicts";
import { Icon } from "./Icon";
import { Minimap } from "./Minimap";

export function Structure() {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ w: 0, h: 0 });
  const t = tree.value;

  useEffect(() => {
    const watch = new ResizeObserver(([e]) => setSize({ w: e!.contentRect.width, h: e!.contentRect.height }));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);

  // A new function is shown as a whole; after that the picture moves only to show what is selected.
  const fitted = useRef<unknown>(undefined);
  const fit = (smallest = least): void => {
    const s = scene.value;
    if (!s || size.w === 0) return;
    const zoom = Math.min(Math.max(Math.min(size.w / (s.width + 40), size.h / (s.height + 40)), smallest), 1.1);
    view.value = { zoom, x: Math.max(20, (size.w / zoom - s.width) / 2), y: Math.max(20, (size.h / zoom - s.height) / 2) };
  };
  useEffect(() => {
    if (!t || !scene.value || size.w === 0 || fitted.current === t) return;
    fitted.current = t;
    fit(0.7);
  });
  useEffect(() => {
    const b = t && scene.value?.shown(t, node.value);
    if (!b || size.w === 0) return;
    const v = view.value;
    const [x, y] = [(b.x + v.x) * v.zoom, (b.y + v.y) * v.zoom];
    const inside = x > 0 && y > 0 && x + Math.min(b.w, 200) * v.zoom < size.w && y + Math.min(b.h, 60) * v.zoom < size.h;
    if (!inside) center();
  }, [node.value, scene.value, size.w]);
  const center = (): void => {
    const b = t && scene.value?.shown(t, node.value);
    if (!b) return;
    const zoom = Math.max(view.value.zoom, 0.6);
    view.value = { zoom, x: size.w / zoom / 2 - b.x - Math.min(b.w, size.w / zoom - 80) / 2, y: size.h / zoom / 2 - b.y - Math.min(b.h, size.h / zoom - 80) / 2 };
  };

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

  const place = (e: MouseEvent): [number, number] => {
    const r = canvas.current!.getBoundingClientRect();
    return [e.clientX - r.left, e.clientY - r.top];
  };
  const under = (e: MouseEvent) => {
    const [x, y] = place(e);
    return scene.value?.at(x / view.value.zoom - view.value.x, y / view.value.zoom - view.value.y);
  };
  const drag = (e: PointerEvent): void => {
    const el = e.currentTarget as HTMLElement;
    const from = { x: e.clientX, y: e.clientY, v: view.value };
    let moved = false;
    el.setPointerCapture(e.pointerId);
    el.onpointermove = (p) => {
      moved ||= Math.abs(p.clientX - from.x) + Math.abs(p.clientY - from.y) > 4;
      if (moved) view.value = { ...from.v, x: from.v.x + (p.clientX - from.x) / from.v.zoom, y: from.v.y + (p.clientY - from.y) / from.v.zoom };
    };
    el.onpointerup = () => {
      el.onpointermove = el.onpointerup = null;
      const b = under(e);
      if (moved || !b) return;
      const heading = b.open && (e.clientY - canvas.current!.getBoundingClientRect().top) / view.value.zoom - view.value.y < b.y + 26;
      if (b.open && !heading) return;
      go({ v: b.node });
    };
  };
  const wheel = (e: WheelEvent): void => {
    e.preventDefault();
    const [x, y] = place(e);
    if (e.ctrlKey || e.metaKey || !e.shiftKey) zoomBy(Math.exp(-e.deltaY / (e.ctrlKey ? 100 : 500)), x, y);
    else view.value = { ...view.value, x: view.value.x - e.deltaY / view.value.zoom };
  };
  const keys = (e: KeyboardEvent): void => {
    const pan = 80 / view.value.zoom;
    const actions: Record<string, () => void> = {
      "+": () => zoomBy(1.25, size.w / 2, size.h / 2),
      "-": () => zoomBy(0.8, size.w / 2, size.h / 2),
      "0": () => fit(),
      Enter: () => (node.value !== undefined && t?.opens(node.value) ? unfoldAt(node.value) : center()),
      ArrowLeft: () => (view.value = { ...view.value, x: view.value.x + pan }),
      ArrowRight: () => (view.value = { ...view.value, x: view.value.x - pan }),
      ArrowUp: () => (view.value = { ...view.value, y: view.value.y + pan }),
      ArrowDown: () => (view.value = { ...view.value, y: view.value.y - pan }),
    };
    if (!actions[e.key] || e.altKey || e.ctrlKey) return;
    e.preventDefault();
    e.stopPropagation();
    actions[e.key]!();
  };

  return (
    <div class="structure" ref={box} tabIndex={0} role="group" aria-label="Picture of the structure: arrows move it, plus and minus zoom, 0 shows all, Enter opens the selected module" onKeyDown={keys}>
      <canvas
        ref={canvas} aria-hidden="true" style={{ width: `${size.w}px`, height: `${size.h}px` }}
        onPointerDown={drag} onWheel={wheel} onDblClick={(e) => { const b = under(e); if (b && t?.opens(b.node) && b.node !== 0) unfoldAt(b.node); }}
      />
      <Crumbs />
      {failure.value && <p class="structure-problem problem" role="alert">{failure.value}</p>}
      <div class="structure-tools">
        <button class="icon-button" aria-label="Close what was opened" title="Close what was opened" onClick={() => t && (open.value = t.outset())}><Icon name="fold" /></button>
        <button class="icon-button" aria-label="Show all" title="Show all (0)" onClick={() => fit()}><Icon name="fit" /></button>
      </div>
      <Minimap width={size.w} height={size.h} />
    </div>
  );
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
