// Requests to the server. Answers that never change are kept: a model and a run are the same as long as the page is open.

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(path, init);
  const body = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (!answer.ok) throw new Error(body.error);
  return body as T;
}

const kept = new Map<string, Promise<unknown>>();
const mostKept = 500;

/** get asks for what never changes, once. */
export function get<T>(path: string): Promise<T> {
  const have = kept.get(path);
  if (have) return have as Promise<T>;
  const fresh = ask<T>(path);
  if (kept.size >= mostKept) kept.delete(kept.keys().next().value as string);
  kept.set(path, fresh);
  fresh.catch(() => kept.delete(path));
  return fresh;
}

/** fresh asks for what may have changed. */
export const fresh = <T>(path: string): Promise<T> => ask<T>(path);

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
