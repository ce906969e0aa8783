// What could not be done, while the user has to know of it.
import { computed, signal } from "@preact/signals";
import { jobs, modelID } from "./state";
import type { Job } from "./wire";

// The jobs that failed while this page was there: what is older, another page has told of.
const seen = signal<ReadonlySet<string>>(new Set());
const dismissed = signal<ReadonlySet<string>>(new Set());

/** sawFail notes that a job has failed before the eyes of the user. */
export const sawFail = (id: string): void => void (seen.value = new Set([...seen.peek(), id]));

/** dismiss hides failures for good. */
export const dismiss = (ids: readonly string[]): void => void (dismissed.value = new Set([...dismissed.peek(), ...ids]));

export interface Failure {
  title: string;
  error: string;
  ids: string[];
}

const concerns = (j: Job): boolean => j.id === modelID.value || (j.model === modelID.value && j.kind !== "look" && seen.value.has(j.id));

/** failures are those of the model that is shown, equal ones as one. */
export const failures = computed<Failure[]>(() => {
  const out = new Map<string, Failure>();
  for (const j of jobs.value) {
    if (j.status !== "failed" || dismissed.value.has(j.id) || !concerns(j)) continue;
    const [title, error] = [j.title, j.error ?? ""];
    const key = JSON.stringify([title, error]);
    out.set(key, { title, error, ids: [...(out.get(key)?.ids ?? []), j.id] });
  }
  return [...out.values()];
});
