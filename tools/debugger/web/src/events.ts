// The one stream of the server: jobs, as they begin, advance and end.
import { connected, jobs, notice } from "./state";
import type { Job } from "./wire";

const endings: Record<string, string> = { done: "done", failed: "failed", cancelled: "cancelled" };

export function watchJobs(): void {
  const stream = new EventSource("/api/events");
  stream.onopen = () => (connected.value = true);
  stream.onerror = () => (connected.value = false);
  stream.onmessage = (event) => {
    const changed = JSON.parse(event.data as string) as Job;
    const at = jobs.value.findIndex((j) => j.id === changed.id);
    const before = jobs.value[at];
    jobs.value = at < 0 ? [...jobs.value, changed] : jobs.value.with(at, changed);
    const ending = endings[changed.status];
    if (ending && before?.status === "running") notice.value = `${changed.title}: ${ending}`;
  };
}
