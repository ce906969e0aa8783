// What a part of the page alone needs of the server.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api";
import type { Loaded } from "./state";

/** useFetched follows a path; what was there stays until the next is there, and is marked by its own path. */
export function useFetched<T>(path: string | undefined): Loaded<T> {
  const [state, set] = useState<Loaded<T>>({});
  useEffect(() => {
    let wanted = true;
    if (path === undefined) set({});
    else
      get<T>(path).then(
        (data) => wanted && set({ path, data }),
        (e: Error) => wanted && set({ path, error: e.message }),
      );
    return () => {
      wanted = false;
    };
  }, [path]);
  return state;
}
