// What the server sends; tools/debugger has the same structures in Go.

// What has begun; the stream of jobs tells of it.
export interface Begun {
  id: string;
}

export interface About {
  version: string;
  backends: string[];
  pipelines: { name: string; doc: string }[];
  inputs: string;
  metrics: MetricInfo[];
  presets: { name: string; doc: string }[];
  saved: SideInfo[];
}

export interface Job {
  id: string;
  path: string; // of the request that gives it back
  kind: string; // model, run, compare or look
  title: string;
  model?: string; // that a run or a comparison is of
  status: "running" | "done" | "failed" | "cancelled" | "gone";
  what: string;
  done: number;
  total: number;
  error?: string;
}

export interface Port {
  name: string;
  type: string;
}

export interface FunctionInfo {
  name: string;
  ops: number;
  inputs: Port[] | null;
  outputs: Port[] | null;
}

export interface Stage {
  pass: string;
  millis: number;
  ops: number;
  claims: number;
  lost: number;
}

export interface ModelInfo {
  id: string;
  file: string;
  name: string;
  passes: string;
  config: string; // YAML; empty for none
  config_name: string; // where that is from
  funcs: FunctionInfo[];
  stages: Stage[];
  log: string[] | null;
}

// Element i of each describes node i; what is a text is a number in texts.
export interface TreeColumns {
  func: string;
  texts: string[];
  kinds: string[];
  families: string[];
  kind: number[];
  family: number[];
  parent: number[];
  end: number[];
  name: number[];
  title: number[];
  detail: number[];
  second: number[];
  op: number[];
  lines: (number[] | null)[];
  count: number[];
  value: number[];
  values: { from: number[]; name: number[]; type: number[] };
  start: number[];
}

// A laid-out picture as runs of integers.
export interface SceneColumns {
  width: number;
  height: number;
  boxes: number[]; // of each: node, the box around, x, y, width, height, whether it is open
  edges: number[]; // of each: from, to, value, how many more, how many points
  points: number[];
  stubs: number[]; // of each: box, value, whether the box gives it, x, y, side
}

export interface ModuleName {
  path: string;
  class: string;
}

export interface Claim {
  tensor: string;
  approx: boolean;
  how: string;
}

export interface Value {
  value: number;
  name: string;
  text: string;
  type: string;
  node: number;
  users: number[] | null;
  claims: Claim[] | null;
}

export interface Frame {
  file: number;
  name: string;
  line: number;
}

export interface Place {
  module: ModuleName;
  frames: Frame[] | null;
}

// A tensor that no value equals any more, and the pass that took it away.
export interface Lost {
  tensor: string;
  pass: string;
}

export interface OpInfo {
  node: number;
  kind: string;
  op: string;
  label: string;
  ops: number;
  doc: string;
  text: string;
  module: ModuleName;
  attrs: { name: string; kind: string; value: string; default: boolean; doc: string }[] | null;
  operands: { name: string; doc: string; value: Value | null }[] | null;
  results: Value[] | null;
  places: Place[] | null;
  via: string[] | null;
  lost: Lost[] | null;
  line: number;
  history: { stage: number; line: number; text: string }[] | null;
  kernel: boolean;
}

// A piece of a line: the class of its words, and its text.
export type Span = [string, string];

export interface Lines {
  name: string;
  first: number;
  total: number;
  lines: Span[][];
  changed?: string;
}

export interface Changes {
  stage: number;
  hunks: Hunk[];
}

export interface Hunk {
  change: "same" | "added" | "removed";
  at: number;
  lines: Span[][];
  hidden: number;
}

export interface RunInfo {
  id: string;
  title: string;
  model: string;
  func: string;
  backend: string;
  values: number[];
}

export interface Stats {
  elem: string;
  shape: number[] | null;
  count: number;
  min: number;
  max: number;
  mean: number;
  std: number;
  zeros: number;
  nan: number;
  infinite: number;
  bins: number[];
  times: number;
}

export interface Slice {
  shape: number[] | null;
  at: number[] | null;
  rows: number;
  cols: number;
  step: [number, number];
  values: string;
}

// Where an input of a run comes from.
export type Origin = "made" | "random" | "values" | "file" | "saved" | "given" | "export";

export interface InputInfo extends Port {
  float: boolean;
  image: boolean;
  saved: boolean;
  given: boolean;
  export: boolean;
  from: Origin; // unless the user says otherwise
}

// What a function takes. Sizes are those that the caller chooses.
export interface InputsInfo {
  inputs: InputInfo[];
  sizes: { name: string; min: number; max: number; default?: number }[];
}

export interface Found {
  nodes: number[];
}

export interface Profile {
  bytes: number[];
  nanos: number[];
}

export interface MetricInfo {
  name: string;
  title: string;
  unit: string;
  doc: string;
}

export interface SideInfo {
  model: string;
  backend: string;
  title: string;
}

export interface Point {
  index: number;
  name: string;
  module: string;
  op: string;
  node: number; // in the tested model; -1 where it has none
  value: number | string | null;
  text: string;
  verdict: string;
  mark: string;
  peaky: boolean;
  local?: string;
  guilty?: boolean;
}

export interface Unmatched {
  name: string;
  op?: string;
  module?: string;
  missing: string;
  reason: string;
}

export interface Points {
  id: string;
  tested: SideInfo;
  reference: SideInfo;
  complete: boolean;
  metric: MetricInfo;
  preset: string;
  green: string;
  red: string;
  points: Point[];
  unmatched: Unmatched[] | null;
}

export interface Score extends MetricInfo {
  text: string;
  verdict: string;
  mark: string;
}

export interface PointInfo {
  index: number;
  name: string;
  tier: string;
  problem: string;
  turns: number;
  scores: Score[];
  local: { scores: Score[]; guilty: boolean; ops: string[] | null; problem: string } | null;
}
