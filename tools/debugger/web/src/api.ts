// Requests to the server. Answers that never change are kept: a model and a run are the same as long as the page is open.

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(path, init);
  const body = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (!answer.ok) throw new Error(body.error);
  return body as T;
}

interface Kept {
  answer: Promise<unknown>;
  pending: boolean;
  waiting: number; // who still wants it
  stop: AbortController;
}

const kept = new Map<string, Kept>();
const mostKept = 500;

/** get asks for what never changes, once. A request that nobody waits for any more is ended. */
export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const have = kept.get(path) ?? begin(path);
  have.waiting++;
  signal?.addEventListener("abort", () => {
    if (--have.waiting > 0 || !have.pending) return;
    kept.delete(path);
    have.stop.abort();
  }, { once: true });
  return have.answer as Promise<T>;
}

function begin(path: string): Kept {
  const stop = new AbortController();
  const begun: Kept = { answer: ask(path, { signal: stop.signal }), pending: true, waiting: 0, stop };
  if (kept.size >= mostKept) kept.delete(kept.keys().next().value as string);
  kept.set(path, begun);
  begun.answer.then(() => (begun.pending = false), () => {
    begun.pending = false;
    if (kept.get(path) === begun) kept.delete(path);
  });
  return begun;
}

/** forget drops what is kept of something that has been closed. */
export function forget(place: string): void {
  for (const path of [...kept.keys()]) if (path === place || path.startsWith(place + "/") || path.startsWith(place + "?")) kept.delete(path);
}

/** fresh asks for what may have changed. */
export const fresh = <T>(path: string, signal?: AbortSignal): Promise<T> => ask<T>(path, signal ? { signal } : {});

export const post = <T>(path: string, body: unknown): Promise<T> =>
  ask<T>(path, body instanceof FormData ? { method: "POST", body } : { method: "POST", body: JSON.stringify(body) });

export const remove = (path: string): Promise<unknown> => ask(path, { method: "DELETE" });

/** query makes the end of an address of names and values; those that are undefined are left out. */
export function query(values: Record<string, string | number | undefined>): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) q.set(name, String(value));
  const text = q.toString();
  return text ? "?" + text : "";
}
