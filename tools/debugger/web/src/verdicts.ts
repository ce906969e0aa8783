// What a comparison says of nodes. A module is as bad as the worst in it.
import { computed } from "@preact/signals";
import { funcName, modelID, points, tree } from "./state";
import type { Point } from "./wire";

export type Grade = "good" | "fair" | "bad" | "none";

const grades: Record<string, Grade> = { green: "good", yellow: "fair", red: "bad", destroyed: "bad" };

/** gradeOf is the colour of a verdict. */
export const gradeOf = (verdict: string): Grade => grades[verdict] ?? "none";

/** shownPoints are those of the model that is shown. */
export const shownPoints = computed(() => {
  const p = points.value;
  return p && p.tested.model === modelID.value && funcName.value ? p : undefined;
});

/** worst is the first point of each node, in a list that begins with the worst: of a module the worst in it. */
export const worst = computed<ReadonlyMap<number, Point>>(() => {
  const out = new Map<number, Point>();
  const t = tree.value;
  if (!t) return out;
  for (const p of shownPoints.value?.points ?? []) {
    if (p.node < 0 || p.node >= t.count) continue;
    for (const n of [p.node, ...t.above(p.node)]) if (!out.has(n)) out.set(n, p);
  }
  return out;
});

export const verdictOf = computed(() => (node: number): Grade | undefined => {
  const p = worst.value.get(node);
  return p && gradeOf(p.verdict);
});

export const signOf = computed(() => (node: number): string => {
  const p = worst.value.get(node);
  return p ? `${p.mark} ${p.text.replace(/ dB$/, "")}` : "";
});
