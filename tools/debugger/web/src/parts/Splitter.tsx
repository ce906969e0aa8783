import { useEffect, useState } from "preact/hooks";

// Each splitter sets one length of the layout: how it moves, and between which pixels.
const kinds = {
  left: { axis: "x", sign: 1, start: 320, least: 200, most: 640 },
  right: { axis: "x", sign: -1, start: 360, least: 260, most: 720 },
  lower: { axis: "y", sign: -1, start: 300, least: 100, most: 700 },
} as const;

interface Props {
  name: keyof typeof kinds;
  label: string;
}

/** Splitter changes the size of a pane, by the mouse or by the arrow keys. */
export function Splitter({ name, label }: Props) {
  const k = kinds[name];
  const [size, setSize] = useState(Number(localStorage.getItem("size-" + name)) || k.start);
  const set = (to: number): void => setSize(Math.round(Math.min(Math.max(to, k.least), k.most)));
  useEffect(() => {
    document.documentElement.style.setProperty("--" + name, size + "px");
    localStorage.setItem("size-" + name, String(size));
  }, [size]);
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
