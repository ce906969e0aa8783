// The one stream of the server: jobs, as they begin, advance, end and are closed.
import { forget, remove } from "./api";
import { sawFail } from "./failures";
import { address, connected, go, jobs, notice } from "./state";
import type { Job } from "./wire";

const endings: Record<string, string> = { done: "done", failed: "failed", cancelled: "cancelled" };

const backlog = 100; // milliseconds in which the stream tells of what was there before the page was

export function watchJobs(): void {
  let first: number | undefined;
  const stream = new EventSource("/api/events");
  stream.onopen = () => (connected.value = true);
  stream.onerror = () => (connected.value = false);
  stream.onmessage = (event) => {
    const changed = JSON.parse(event.data as string) as Job;
    if (changed.status === "gone") return closed(changed.id);
    first ??= performance.now();
    const at = jobs.value.findIndex((j) => j.id === changed.id);
    const before = jobs.value[at];
    jobs.value = at < 0 ? [...jobs.value, changed] : jobs.value.with(at, changed);
    const ending = endings[changed.status];
    const fresh = before ? before.status === "running" : performance.now() - first > backlog; // short work has ended when it is told of
    if (fresh && changed.status === "failed") sawFail(changed.id);
    if (ending && fresh && changed.kind !== "look") notice.value = `${changed.title}: ${ending}`;
  };
}

const placeOf = (id: string): string => jobs.value.find((j) => j.id === id)?.path ?? "/api/jobs/" + id;

/** closeJob ends a model, a run or a comparison, and gives back what it holds. */
export async function closeJob(id: string): Promise<void> {
  try {
    await remove(placeOf(id));
  } catch (problem) {
    notice.value = (problem as Error).message;
  }
}

function closed(id: string): void {
  forget(placeOf(id));
  jobs.value = jobs.value.filter((j) => j.id !== id);
  const a = address.value;
  if (a.m === id) go({ m: undefined, f: undefined, v: undefined, r: undefined }, true);
  if (a.r === id) go({ r: undefined }, true);
  if (a.c === id) go({ c: undefined }, true);
}
