// What a comparison says of nodes. A module is as bad as the worst in it.
import { computed } from "@preact/signals";

export const verdictOf = computed<(node: number) => string | undefined>(() => () => undefined);
export const signOf = computed<(node: number) => string>(() => () => "");
