// The keyboard map: the one table that the keys and the help page are made of.
import { leaveModuleOut } from "./builds";
import { localError } from "./parts/Comparison";
import { unfold, walk } from "./parts/Navigator";
import { nextBad, switchMetric, switchSort } from "./parts/SyncPoints";
import { dialog, node, switchTheme } from "./state";

export interface Key {
  keys: string[]; // as KeyboardEvent.key has them; Mod+ stands for Ctrl or Command
  doc: string;
  act: () => void;
  always?: boolean; // also where text is typed
}

const focus = (selector: string) => (): void => document.querySelector<HTMLElement>(selector)?.focus();

export const keyMap: Key[] = [
  { keys: ["ArrowDown"], doc: "Next row", act: () => walk(1) },
  { keys: ["ArrowUp"], doc: "Row before", act: () => walk(-1) },
  { keys: ["ArrowRight"], doc: "Open, or go in", act: () => unfold(true) },
  { keys: ["ArrowLeft"], doc: "Close, or go out", act: () => unfold(false) },
  { keys: ["/", "Mod+k"], doc: "Search", act: () => (dialog.value = "search") },
  { keys: ["r"], doc: "Run the model", act: () => (dialog.value = "run") },
  { keys: ["c"], doc: "Compare two runs", act: () => (dialog.value = "compare") },
  { keys: ["o"], doc: "Open with other passes or another configuration", act: () => (dialog.value = "passes") },
  { keys: ["x"], doc: "Leave the selected module out of compression, and open that", act: () => void leaveModuleOut() },
  { keys: ["n"], doc: "Next red point", act: () => nextBad(1) },
  { keys: ["p"], doc: "Red point before", act: () => nextBad(-1) },
  { keys: ["s"], doc: "Sort points by similarity or by the model", act: switchSort },
  { keys: ["m"], doc: "Next metric", act: switchMetric },
  { keys: ["l"], doc: "Local error of the selected operation", act: () => void localError(node.value) },
  { keys: ["1"], doc: "To the navigator", act: focus(".tree, .points") },
  { keys: ["2"], doc: "To the middle", act: focus(".middle [role=tab]") },
  { keys: ["3"], doc: "To the source", act: focus(".source [role=tab]") },
  { keys: ["4"], doc: "To the inspector", act: focus(".inspector summary, .inspector button") },
  { keys: ["Escape"], doc: "Back to the list, from wherever the keyboard is", act: focus(".tree, .points"), always: true },
  { keys: ["t"], doc: "Light or dark", act: switchTheme },
  { keys: ["?"], doc: "This help", act: () => (dialog.value = "help") },
];

// Keys that the browser itself has: listed, not handled.
export const browserKeys: [string, string][] = [
  ["Alt+ArrowLeft", "Selection before"],
  ["Alt+ArrowRight", "Selection after"],
  ["Tab", "To the next part of the page"],
  ["Delete", "Close the model, run or comparison, on its list"],
];

/** typing reports an element that needs its keys itself. */
const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");

/** ownArrows reports an element for which arrows mean something else. */
const ownArrows = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("[role=separator], .code, .structure, .heat") !== null;

export function listenToKeys(): void {
  addEventListener("keydown", (e) => {
    const name = (e.ctrlKey || e.metaKey ? "Mod+" : "") + e.key;
    if (e.altKey || dialog.value !== "") return;
    if (e.key.startsWith("Arrow") && ownArrows(e.target)) return;
    const key = keyMap.find((k) => k.keys.includes(name));
    if (!key || (typing(e.target) && !name.startsWith("Mod+") && !key.always)) return;
    e.preventDefault();
    key.act();
  });
}
