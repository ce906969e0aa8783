// What all parts of the page share. The address is the one place of the selection; the rest follows from it.
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import { fresh, get, query } from "./api";
import { Tree } from "./tree";
import { formatAddress, parseAddress, type Address } from "./url";
import type { About, Job, ModelInfo, OpInfo, Points, RunInfo, TreeColumns } from "./wire";

export const about = signal<About | undefined>(undefined);
export const jobs = signal<readonly Job[]>([]);
export const connected = signal(true);
export const address = signal<Address>(parseAddress(location.hash));
export const notice = signal(""); // read out to those who do not see the page

/** Dialog is the one that is open. */
export const dialog = signal<"" | "run" | "compare" | "passes" | "search" | "help">("");

export const navigatorTab = signal<"modules" | "points">("modules");

/** go changes the selection. Steps that follow each other closely are one entry of the history. */
let lastStep = 0;
export function go(change: Address, replace = false): void {
  const next = { ...address.value, ...change };
  const hash = formatAddress(next);
  if (hash === formatAddress(address.value)) return;
  const now = performance.now();
  const quick = now - lastStep < 700;
  lastStep = now;
  if (replace || quick) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  address.value = next;
}

addEventListener("popstate", () => (address.value = parseAddress(location.hash)));

/** jobsOf lists the models ("m"), runs ("r") or comparisons ("c"). */
export const jobsOf = (prefix: string): readonly Job[] => jobs.value.filter((j) => j.id.startsWith(prefix));
export const job = (id: string | undefined): Job | undefined => jobs.value.find((j) => j.id === id);

/** Loaded is something of the server's: what there is, or why there is none. */
export interface Loaded<T> {
  path?: string;
  data?: T;
  error?: string;
}

/** loaded follows a path; what was there stays until the next is there. An answer that is no longer wanted is not awaited. */
export function loaded<T>(path: () => string | undefined, ask: (path: string, signal: AbortSignal) => Promise<T> = get): ReadonlySignal<Loaded<T>> {
  const out = signal<Loaded<T>>({});
  const wanted = computed(path);
  effect(() => {
    const at = wanted.value;
    if (at === undefined) {
      out.value = {};
      return;
    }
    if (out.peek().path === at) return;
    const stop = new AbortController();
    ask(at, stop.signal).then(
      (data) => stop.signal.aborted || (out.value = { path: at, data }),
      (e: Error) => stop.signal.aborted || (out.value = { path: at, error: e.message }),
    );
    return () => stop.abort();
  });
  return out;
}

const isDone = (id: string | undefined): boolean => job(id)?.status === "done";

export const modelID = computed(() => address.value.m ?? jobsOf("m")[0]?.id);
const modelReady = computed(() => (isDone(modelID.value) ? modelID.value : undefined));
export const model = loaded<ModelInfo>(() => modelReady.value && `/api/models/${modelReady.value}`);
export const funcName = computed(() => address.value.f ?? model.value.data?.funcs[0]?.name);

/** ofModel is the address of something of the current function. */
export const ofModel = (what: string, more: Record<string, string | number | undefined> = {}): string =>
  `/api/models/${modelID.value}/${what}` + query({ func: funcName.value, ...more });

const columns = loaded<TreeColumns>(() => (model.value.data?.id === modelID.value && funcName.value ? ofModel("tree") : undefined));
export const tree = computed(() => columns.value.data && new Tree(columns.value.data));
export const node = computed(() => {
  const at = address.value.v;
  return at !== undefined && tree.value && at < tree.value.count ? at : undefined;
});

// While a key is held down the selection flies by: what is asked of the server follows only where it comes to rest.
const flying = 150; // milliseconds between steps
const resting = signal(node.peek());
let lastMove = -Infinity;
effect(() => {
  const at = node.value;
  const now = performance.now();
  const wait = now - lastMove < flying ? flying : 0;
  lastMove = now;
  if (wait === 0) {
    resting.value = at;
    return;
  }
  const timer = setTimeout(() => (resting.value = at), wait);
  return () => clearTimeout(timer);
});
const opLoaded = loaded<OpInfo>(() => (resting.value === undefined || node.value === undefined ? undefined : ofModel("op/" + resting.value)));
/** op is the selected operation or, until the server has told of it, the one before. */
export const op = computed(() => opLoaded.value.data);

// The nodes that are open, in the navigator and in the picture alike.
export const open = signal<ReadonlySet<number>>(new Set());
effect(() => {
  if (tree.value) open.value = tree.value.outset();
});

export function toggle(row: number, to = !open.value.has(row)): void {
  const next = new Set(open.value);
  if (to) next.add(row);
  else next.delete(row);
  open.value = next;
}

/** reveal opens all that a node is in. */
export function reveal(row: number): void {
  const above = tree.value?.above(row) ?? [];
  if (above.every((r) => open.peek().has(r))) return;
  open.value = new Set([...open.peek(), ...above]);
}

effect(() => {
  if (node.value !== undefined) reveal(node.value);
});

// The run whose values are shown: the chosen one, or the newest of this function.
export const run = loaded<RunInfo>(() => {
  const own = jobsOf("r").filter((j) => j.status === "done" && j.model === modelID.value);
  const id = own.find((j) => j.id === address.value.r)?.id ?? own.at(-1)?.id;
  return id && isDone(id) ? `/api/runs/${id}` : undefined;
}, fresh);

export const shownRun = computed(() => {
  const r = run.value.data;
  return r && r.model === modelID.value && r.func === funcName.value ? r : undefined;
});

// The comparison that is shown: the chosen one, or the newest, of the model that is shown where there is one.
export const comparisons = computed(() => jobsOf("c").filter((j) => j.status === "done" || j.status === "running"));
export const comparisonID = computed(() => {
  const all = comparisons.value;
  return all.find((j) => j.id === address.value.c)?.id ?? (all.findLast((j) => j.model === modelID.value) ?? all.at(-1))?.id;
});
export const metric = computed(() => address.value.metric ?? "psnr");
/** revision goes up with each local error, as these change what points say. */
export const revision = signal(0);
const pointsLoaded = loaded<Points>(() => {
  const j = job(comparisonID.value);
  if (!j || (j.status !== "done" && j.status !== "running")) return undefined;
  const seen = j.status === "done" ? "all" : Math.floor(j.done / 40);
  return `/api/compare/${j.id}/points` + query({ metric: metric.value, seen, revision: revision.value });
}, fresh);
export const points = computed(() => pointsLoaded.value.data);

// The theme: the system's, until the user chooses.
export const theme = signal<"light" | "dark">(
  (localStorage.getItem("theme") as "light" | "dark" | null) ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
);
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});
export function switchTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem("theme", theme.value);
}
