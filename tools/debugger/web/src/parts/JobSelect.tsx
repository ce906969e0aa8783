import { closeJob } from "../events";
import type { Job } from "../wire";
import { Icon } from "./Icon";

interface Props {
  label: string;
  jobs: readonly Job[];
  value: string | undefined;
  take: (id: string) => void;
  always?: boolean; // shown also where there is nothing to choose, but nothing to close then
}

/** JobSelect chooses one of several models, runs or comparisons, and closes it: by the button, or by Delete. */
export function JobSelect({ label, jobs, value, take, always }: Props) {
  const several = jobs.length > 1;
  const shown = jobs.find((j) => j.id === value);
  if (!several && !always) return null;
  const close = (): void => {
    if (shown) void closeJob(shown.id);
  };
  return (
    <span class="job-select">
      <select
        aria-label={label} title={shown?.title} value={value} onChange={(e) => take(e.currentTarget.value)}
        onKeyDown={(e) => several && e.key === "Delete" && (e.preventDefault(), close())}
      >
        {jobs.map((j) => <option key={j.id} value={j.id}>{several ? `${j.id}: ${j.title}` : j.title}</option>)}
      </select>
      {several && <button class="icon-button" aria-label={`Close ${shown?.title ?? label}`} title={`Close this ${label.toLowerCase()} (Delete)`} onClick={close}><Icon name="close" /></button>}
    </span>
  );
}
