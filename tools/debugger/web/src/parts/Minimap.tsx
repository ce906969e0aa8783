import { computed, effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { look, scene, view } from "../picture";
import { tree } from "../state";
import { verdictOf } from "../verdicts";

const largest = { w: 150, h: 120 };
const narrowest = 16;

/** scale is how large the picture is in the map; a very tall or wide one is stretched. */
const scale = computed(() => {
  const s = scene.value;
  if (!s) return { x: 1, y: 1 };
  const k = Math.min(largest.w / s.width, largest.h / s.height);
  return { x: Math.max(k, narrowest / s.width), y: Math.max(k, narrowest / s.height) };
});

/** boxes is the map without what is seen of it, which changes more often. */
const boxes = computed(() => {
  const s = scene.value;
  const t = tree.value;
  const k = scale.value;
  const ratio = devicePixelRatio || 1;
  const out = document.createElement("canvas");
  if (!s || !t) return out;
  out.width = Math.ceil(s.width * k.x * ratio);
  out.height = Math.ceil(s.height * k.y * ratio);
  const c = out.getContext("2d")!;
  c.scale(k.x * ratio, k.y * ratio);
  for (const b of s.boxes) {
    const judged = b.open ? undefined : verdictOf.value(b.node);
    c.fillStyle = judged ? look.value.verdict[judged]! : b.open ? look.value.frames[b.outer < 0 ? 0 : 1]! : look.value.border[t.family(b.node)]!;
    c.fillRect(b.x, b.y, b.w, b.h);
  }
  return out;
});

/** Minimap shows the whole picture, and which part of it is seen. */
export function Minimap({ width, height }: { width: number; height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => effect(() => {
    const s = scene.value;
    const v = view.value;
    const k = scale.value;
    const el = canvas.current;
    const map = boxes.value;
    if (!s || !el || map.width === 0) return;
    el.width = map.width;
    el.height = map.height;
    el.style.width = `${s.width * k.x}px`;
    el.style.height = `${s.height * k.y}px`;
    el.hidden = s.width * v.zoom <= width && s.height * v.zoom <= height;
    const c = el.getContext("2d")!;
    const ratio = devicePixelRatio || 1;
    c.drawImage(map, 0, 0);
    c.strokeStyle = look.value.accent;
    c.lineWidth = 1.5 * ratio;
    c.strokeRect(-v.x * k.x * ratio, -v.y * k.y * ratio, (width / v.zoom) * k.x * ratio, (height / v.zoom) * k.y * ratio);
  }), [width, height]);
  const move = (e: PointerEvent): void => {
    if (e.buttons === 0) return;
    const r = canvas.current!.getBoundingClientRect();
    const k = scale.value;
    const v = view.value;
    view.value = { ...v, x: width / v.zoom / 2 - (e.clientX - r.left) / k.x, y: height / v.zoom / 2 - (e.clientY - r.top) / k.y };
  };
  return <canvas class="minimap" ref={canvas} aria-hidden="true" onPointerDown={move} onPointerMove={move} />;
}
