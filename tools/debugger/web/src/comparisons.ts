// Comparisons that begin on this page: what each was asked for, and which one it follows when a module was left out.
import { computed, effect, signal } from "@preact/signals";
import { post, query } from "./api";
import { address, comparisonID, funcName, go, job, loaded, metric, modelID, navigatorTab, notice } from "./state";
import { shownPoints } from "./verdicts";
import type { Begun, Points } from "./wire";

export interface SideAsk {
  model: string; // empty for what the server proposes
  backend: string;
  original?: boolean; // the file of the model, as PyTorch saved it
}

export interface CompareAsk {
  tested: SideAsk;
  reference: SideAsk;
  func: string;
  inputs: string;
  preset: string;
}

const asked = new Map<string, CompareAsk>();

// The comparison whose worst point is selected at its end, unless another node is selected by then.
const awaited = signal<{ id: string; at: number | undefined } | undefined>(undefined);

/** beforeOf is the comparison of the build before, of each that was run again. */
export const beforeOf = signal<ReadonlyMap<string, string>>(new Map());

const pointsBefore = loaded<Points>(() => {
  const id = comparisonID.value && beforeOf.value.get(comparisonID.value);
  return id && `/api/compare/${id}/points` + query({ metric: metric.value });
});
/** before is what that one has said, in the metric that is shown. */
export const before = computed(() => {
  const p = pointsBefore.value.data;
  return p && p.id === beforeOf.value.get(comparisonID.value ?? "") ? p : undefined;
});

/** gains are by how much points of the shown comparison differ from those before, by their names; those of one name in several calls have none. */
export const gains = computed<ReadonlyMap<string, number>>(() => {
  const out = new Map<string, number>();
  const was = new Map<string, number | undefined>();
  for (const p of before.value?.points ?? []) was.set(p.name, !was.has(p.name) && typeof p.value === "number" ? p.value : undefined);
  for (const p of shownPoints.value?.points ?? []) {
    const old = was.get(p.name);
    if (old !== undefined && typeof p.value === "number") out.set(p.name, p.value - old);
  }
  return out;
});

/** compare begins a comparison and shows it. One of the same that is going on is joined. */
export async function compare(ask: CompareAsk): Promise<string> {
  const same = JSON.stringify(ask);
  const going = [...asked].find(([id, a]) => job(id)?.status === "running" && JSON.stringify(a) === same);
  const id = going?.[0] ?? (await post<Begun>("/api/compare", ask)).id;
  asked.set(id, ask);
  navigatorTab.value = "points";
  go(ask.tested.model === modelID.value ? { c: id } : { c: id, m: ask.tested.model, f: undefined, v: undefined });
  awaited.value = { id, at: address.value.v };
  return id;
}

effect(() => {
  const w = awaited.value;
  const p = shownPoints.value;
  if (!w || p?.id !== w.id || !p.complete) return;
  awaited.value = undefined;
  const first = p.points.find((x) => x.node >= 0);
  if (first && address.peek().v === w.at) go({ v: first.node }, true);
});

// One that has failed has nothing to show: the address does not keep it.
effect(() => {
  const status = job(address.value.c)?.status;
  if (status === "failed" || status === "cancelled") go({ c: undefined }, true);
});

/** again is a build that is compared as another one was, once it is open. */
export const again = signal<{ model: string; before: string; ask: CompareAsk } | undefined>(undefined);

const sideOf = ({ model, backend }: SideAsk): SideAsk => ({ model, backend });

/** compareAgain has a build compared as those points were: with the same reference, inputs and limits. */
export function compareAgain(p: Points, model: string): void {
  const before = asked.get(p.id) ?? { tested: sideOf(p.tested), reference: sideOf(p.reference), func: funcName.value ?? "", inputs: "", preset: "" };
  const own = before.reference.model === before.tested.model && !before.reference.original;
  const ask = { ...before, tested: { ...before.tested, model }, reference: own ? { ...before.reference, model } : before.reference };
  again.value = { model, before: p.id, ask };
}

effect(() => {
  const a = again.value;
  const status = job(a?.model)?.status;
  if (!a || status === undefined || status === "running") return;
  again.value = undefined;
  if (status !== "done" || modelID.peek() !== a.model) return;
  compare(a.ask).then(
    (id) => {
      awaited.value = undefined; // the module that was left out stays selected
      beforeOf.value = new Map([...beforeOf.value, [id, a.before]]);
    },
    (problem: Error) => (notice.value = problem.message),
  );
});
