import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { lookOf } from "../scene";
import { theme, tree } from "../state";
import { verdictOf } from "../verdicts";
import { scene, view } from "./Structure";

const largest = { w: 150, h: 120 };

/** Minimap shows the whole picture, and which part of it is seen. */
export function Minimap({ width, height }: { width: number; height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scale = (): number => Math.min(largest.w / (scene.value?.width ?? 1), largest.h / (scene.value?.height ?? 1));
  useEffect(() => effect(() => {
    const s = scene.value;
    const v = view.value;
    const t = tree.value;
    const verdict = verdictOf.value;
    void theme.value;
    const el = canvas.current;
    if (!s || !el || !t) return;
    const k = scale();
    const ratio = devicePixelRatio || 1;
    el.width = s.width * k * ratio;
    el.height = s.height * k * ratio;
    el.style.width = `${s.width * k}px`;
    el.style.height = `${s.height * k}px`;
    el.hidden = s.width * v.zoom <= width && s.height * v.zoom <= height;
    const c = el.getContext("2d")!;
    const look = lookOf(el);
    c.scale(k * ratio, k * ratio);
    for (const b of s.boxes) {
      const judged = b.open ? undefined : verdict(b.node);
      c.fillStyle = judged ? look.verdict[judged]! : b.open ? look.frames[b.outer < 0 ? 0 : 1]! : look.border[t.family(b.node)]!;
      c.fillRect(b.x, b.y, b.w, b.h);
    }
    c.strokeStyle = look.accent;
    c.lineWidth = 1.5 / k;
    c.strokeRect(-v.x, -v.y, width / v.zoom, height / v.zoom);
  }), [width, height]);
  const move = (e: PointerEvent): void => {
    if (e.buttons === 0) return;
    const r = canvas.current!.getBoundingClientRect();
    const k = scale();
    const v = view.value;
    view.value = { ...v, x: width / v.zoom / 2 - (e.clientX - r.left) / k, y: height / v.zoom / 2 - (e.clientY - r.top) / k };
  };
  return <canvas class="minimap" ref={canvas} aria-hidden="true" onPointerDown={move} onPointerMove={move} />;
}
