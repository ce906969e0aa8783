import { computed, signal } from "@preact/signals";
import { short } from "../kinds";
import { again, before, gains } from "../comparisons";
import { about, comparisonID, comparisons, dialog, go, job, metric, modelID, node, notice, points } from "../state";
import { gradeOf, shownPoints, type Grade } from "../verdicts";
import type { Point, Points, Unmatched } from "../wire";
import { Chip } from "./Chip";
import { JobSelect } from "./JobSelect";
import { List } from "./List";

const byModel = signal(false); // in the order of the model, not by similarity
const unmatched = signal(false);
// Of two points at one node the one that was chosen.
const chosen = signal(-1);

const list = computed<Point[]>(() => {
  const all = shownPoints.value?.points ?? [];
  return byModel.value ? [...all].sort((a, b) => a.index - b.index) : all;
});
const at = computed(() => {
  const own = list.value.findIndex((p) => p.index === chosen.value && p.node === node.value);
  return own >= 0 ? own : list.value.findIndex((p) => p.node === node.value);
});

function choose(i: number): void {
  const p = list.value[i];
  if (!p) return;
  chosen.value = p.index;
  if (p.node >= 0) go({ v: p.node });
}

/** walkPoints goes some points on. */
export const walkPoints = (step: number): void => choose(Math.min(Math.max(at.value + step, 0), list.value.length - 1));

/** nextBad goes to the next point that is red, or the one before; where none is red, to those that are yellow, the worst first. */
export function nextBad(step: number): void {
  const all = shownPoints.value?.points ?? [];
  const has = (grade: Grade): Point | undefined => all.find((p) => gradeOf(p.verdict) === grade);
  const grade = has("bad") ? "bad" : "fair";
  const is = (p: Point | undefined): boolean => p !== undefined && gradeOf(p.verdict) === grade;
  const worstOne = has(grade);
  if (!worstOne) return void (notice.value = all.length > 0 ? "All points are green" : "There are no points yet: compare first (c)");
  if (grade === "fair" && !is(list.value[at.value])) return choose(list.value.indexOf(worstOne));
  for (let i = at.value + step; i >= 0 && i < list.value.length; i += step) if (is(list.value[i])) return choose(i);
  notice.value = `There is no ${grade === "bad" ? "red" : "yellow"} point ${step > 0 ? "after" : "before"} this one`;
}

export const switchSort = (): void => void (byModel.value = !byModel.value);

export function switchMetric(): void {
  const all = about.value?.metrics ?? [];
  const now = all.findIndex((m) => m.name === metric.value);
  go({ metric: all[(now + 1) % all.length]?.name });
}

export function SyncPoints() {
  const p = points.value;
  if (!p) return <p class="empty"><button class="inline" onClick={() => (dialog.value = "compare")}>Compare two runs</button> to see where they part.</p>;
  if (!shownPoints.value && (again.value || p.id !== comparisonID.value)) return <><Sessions /><p class="empty">Comparing …</p></>;
  if (!shownPoints.value)
    return (
      <>
        <Sessions />
        <p class="empty">
          The comparison is of another model. <button class="inline" onClick={() => go({ m: p.tested.model, f: undefined, v: undefined })}>Show that</button>, or{" "}
          <button class="inline" onClick={() => (dialog.value = "compare")}>compare this one</button>.
        </p>
      </>
    );
  const missing = p.unmatched ?? [];
  return (
    <>
      <Sessions />
      <div class="sides" data-comparison={p.id}>
        <p><b>A</b> {p.tested.title}</p>
        <p><b>B</b> {p.reference.title}</p>
        <p class="soft" title={`The limits of ${p.preset}, for ${p.metric.title}`}>● to {p.green} ▲ to {p.red} ■ <span class="row-kind">{p.preset}</span></p>
      </div>
      <Before p={p} />
      <div class="bar">
        <select aria-label="Metric" title={p.metric.doc} value={metric.value} onChange={(e) => go({ metric: e.currentTarget.value })}>
          {about.value?.metrics.map((m) => <option key={m.name} value={m.name}>{m.title}</option>)}
        </select>
        <button class="quiet" aria-pressed={!byModel.value} onClick={switchSort} title="Worst first, or in the order of the model (s)">worst first</button>
      </div>
      {unmatched.value ? (
        <UnmatchedList list={missing} />
      ) : (
        <List
          count={list.value.length} height={40} shown={at.value} class="points" home role="listbox" aria-label="Sync points" tabIndex={0}
          aria-activedescendant={at.value >= 0 ? "point" + at.value : undefined}
          row={(i) => <PointRow key={i} i={i} p={list.value[i]!} />}
        />
      )}
      <Strip />
      <div class="bar bar-low">
        <button class="quiet" aria-pressed={unmatched.value} onClick={() => (unmatched.value = !unmatched.value)}>
          ○ {missing.length.toLocaleString("en")} without counterpart
        </button>
        {!p.complete && <span class="bar-note">still comparing …</span>}
      </div>
    </>
  );
}

/** showComparison shows a comparison, and the model that it is of. */
const showComparison = (c: string, m: string | undefined): void => go(m === modelID.value ? { c } : { c, m, f: undefined, v: undefined });

/** Sessions chooses among the comparisons, where there are several. */
function Sessions() {
  const all = comparisons.value;
  if (all.length < 2) return null;
  return <div class="bar"><JobSelect label="Comparison" jobs={all} value={comparisonID.value} take={(c) => showComparison(c, job(c)?.model)} /></div>;
}

const summary = (p: Points): string => `${p.points.filter((x) => gradeOf(x.verdict) === "bad").length} red, worst ${p.points[0]?.text ?? "none"}`;

/** Before says what leaving a module out has changed. */
function Before({ p }: { p: Points }) {
  const was = before.value;
  if (!was || !p.complete) return null;
  return (
    <p class="before" role="status">
      before: {summary(was)}; now: {summary(p)}{" "}
      <button class="inline" onClick={() => showComparison(was.id, was.tested.model)}>Show the one before</button>
    </p>
  );
}

function PointRow({ i, p }: { i: number; p: Point }) {
  return (
    <div id={"point" + i} role="option" aria-selected={i === at.value} class="point" onClick={() => choose(i)}>
      <span class="point-name">
        <span class="row-name">{p.name}</span>
        {!p.name.startsWith(short(p.op)) && <span class="row-kind">{short(p.op)}</span>}
        {p.guilty && <span class="tag tag-bad">guilty</span>}
      </span>
      <Chip {...p} />
      <span class="row-path">{p.module || "the model"}</span>
      <Gain name={p.name} />
    </div>
  );
}

/** Gain is by how much a point is nearer than it was in the build before. */
function Gain({ name }: { name: string }) {
  const by = gains.value.get(name);
  if (by === undefined) return null;
  const unit = points.value?.metric.unit;
  return <span class="gain">{(by < 0 ? "−" : "+") + Number(Math.abs(by).toPrecision(3))}{unit && " " + unit}</span>;
}

function UnmatchedList({ list }: { list: Unmatched[] }) {
  return (
    <List
      count={list.length} height={58} role="list" class="points" home aria-label="Tensors without counterpart" tabIndex={0}
      row={(i) => {
        const u = list[i]!;
        return (
          <div key={i} role="listitem" class="lost-point">
            <span class="point-name"><span class="row-name">{u.name}</span><span class="row-kind">{u.op && short(u.op)}</span></span>
            <span class="reason" title={u.reason}>{u.reason}</span>
          </div>
        );
      }}
    />
  );
}

const heights = { good: 0.3, fair: 0.6, bad: 1, none: 0.15 };

/** Strip shows all points in the order of the model: where they become bad. */
function Strip() {
  const all = [...(shownPoints.value?.points ?? [])].sort((a, b) => a.index - b.index);
  if (all.length === 0) return null;
  const width = 300;
  const step = width / all.length;
  return (
    <svg
      class="strip" viewBox={`0 0 ${width} 30`} preserveAspectRatio="none" role="img" aria-label="Verdicts in the order of the model"
      onClick={(e) => {
        const r = e.currentTarget.getBoundingClientRect();
        const p = all[Math.floor(((e.clientX - r.left) / r.width) * all.length)];
        if (p) choose(list.value.findIndex((x) => x.index === p.index));
      }}
    >
      {all.map((p, i) => {
        const grade = gradeOf(p.verdict);
        const h = 28 * heights[grade];
        return <rect key={i} class={"strip-" + grade} x={i * step} y={30 - h} width={Math.max(step - 0.4, 0.4)} height={h}><title>{`${p.name} ${p.text}`}</title></rect>;
      })}
    </svg>
  );
}
