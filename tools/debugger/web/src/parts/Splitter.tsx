import { useEffect, useState } from "preact/hooks";

// Each splitter sets one length of the layout: how it moves, between which pixels, and which part of the window it is at first.
const kinds = {
  left: { axis: "x", sign: 1, share: 0.225, least: 200, start: 320, most: 640 },
  right: { axis: "x", sign: -1, share: 0.255, least: 240, start: 360, most: 720 },
  lower: { axis: "y", sign: -1, share: 0.34, least: 100, start: 300, most: 700 },
} as const;

interface Props {
  name: keyof typeof kinds;
  label: string;
}

/** Splitter changes the size of a pane, by the mouse or by the arrow keys. */
export function Splitter({ name, label }: Props) {
  const k = kinds[name];
  const [size, setSize] = useState(Number(localStorage.getItem("size-" + name)) || Math.round(Math.min(k.start, k.share * (k.axis === "x" ? innerWidth : innerHeight))));
  const set = (to: number): void => {
    const next = Math.round(Math.min(Math.max(to, k.least), k.most));
    setSize(next);
    localStorage.setItem("size-" + name, String(next)); // only what the user has chosen is kept
  };
  useEffect(() => document.documentElement.style.setProperty("--" + name, size + "px"), [size]);
  const drag = (e: PointerEvent): void => {
    const bar = e.currentTarget as HTMLElement;
    const at = (p: PointerEvent): number => (k.axis === "x" ? p.clientX : p.clientY);
    const from = at(e);
    bar.setPointerCapture(e.pointerId);
    bar.onpointermove = (p) => set(size + k.sign * (at(p) - from));
    bar.onpointerup = () => (bar.onpointermove = bar.onpointerup = null);
  };
  const key = (e: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowRight: 16, ArrowDown: 16, ArrowLeft: -16, ArrowUp: -16 };
    const step = steps[e.key];
    if (step === undefined) return;
    e.preventDefault();
    set(size + k.sign * step);
  };
  return (
    <div
      class={`splitter splitter-${k.axis}`}
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={k.axis === "x" ? "vertical" : "horizontal"}
      aria-valuenow={size}
      aria-valuemin={k.least}
      aria-valuemax={k.most}
      onPointerDown={drag}
      onKeyDown={key}
    />
  );
}
