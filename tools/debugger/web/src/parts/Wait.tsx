import { jobs } from "../state";
import type { Fetched } from "../fetched";

/** Wait stands where an answer is awaited: how far it is, and a way to end it; or why there is none. */
export function Wait({ of, what }: { of: Fetched<unknown>; what: string }) {
  if (of.error)
    return (
      <p class="soft">
        {of.error} {of.error.includes("cancelled") && <button class="inline" onClick={of.again}>Try again</button>}
      </p>
    );
  if (!of.busy) return null;
  const look = jobs.value.find((j) => j.kind === "look" && j.status === "running");
  return (
    <p class="wait">
      <progress {...(look && look.total > 0 ? { value: look.done, max: look.total } : {})} aria-label={what} />
      <span class="soft">{what} …</span>
      <button onClick={of.cancel}>Cancel</button>
    </p>
  );
}
