// What a part of the page alone needs of the server.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "./api";
import type { Loaded } from "./state";

/** Fetched is what there is, and what may be done about what is awaited. */
export interface Fetched<T> extends Loaded<T> {
  busy: boolean; // the answer is awaited
  cancel: () => void;
  again: () => void;
}

/** useFetched follows a path; what was there stays until the next is there, and is marked by its own path. What nobody sees any more is not awaited. */
export function useFetched<T>(path: string | undefined): Fetched<T> {
  const [state, set] = useState<Loaded<T>>({});
  const [turn, setTurn] = useState(0);
  const stop = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    if (path === undefined) {
      set({});
      return;
    }
    const own = new AbortController();
    stop.current = own;
    get<T>(path, own.signal).then(
      (data) => own.signal.aborted || set({ path, data }),
      (e: Error) => own.signal.aborted || set({ path, error: e.message }),
    );
    return () => own.abort();
  }, [path, turn]);
  return {
    ...state,
    busy: path !== undefined && state.path !== path,
    cancel: () => {
      stop.current?.abort();
      set({ path: path!, error: "It was cancelled." });
    },
    again: () => {
      set({});
      setTurn(turn + 1);
    },
  };
}
