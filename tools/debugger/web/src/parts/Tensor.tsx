import { useEffect, useRef, useState } from "preact/hooks";
import { query } from "../api";
import { decode, paint, range, type Map } from "../colour";
import { useFetched } from "../fetched";
import { counted, figure } from "../numbers";
import { dialog, funcName, go, jobsOf, modelID, shownRun } from "../state";
import type { Slice, Stats, Value } from "../wire";
import { JobSelect } from "./JobSelect";
import { Section } from "./Section";
import { Wait } from "./Wait";

/** Tensor shows what a run computed for a value. */
export function Tensor({ value, many, compared, constant }: { value: Value; many: boolean; compared: boolean; constant: boolean }) {
  const run = shownRun.value;
  if (constant)
    return <Section title="Value"><TensorView path={`/api/models/${modelID.value}/funcs/${funcName.value}/constants/${value.node}`} /></Section>;
  if (!run && compared) return null;
  return (
    <Section title={many ? `Value ${value.text}` : "Value"}>
      {!run && (
        <p class="soft">
          Nothing has run yet. <button class="inline" onClick={() => (dialog.value = "run")}>Run the model</button> to see numbers.
        </p>
      )}
      {run && <Runs at={run.id} />}
      {run && <TensorView path={`/api/runs/${run.id}/values/${value.value}`} />}
    </Section>
  );
}

/** Runs chooses among the runs of the model. */
function Runs({ at }: { at: string }) {
  const all = jobsOf("r").filter((j) => j.status === "done" && j.model === modelID.value);
  return <JobSelect label="Run" jobs={all} value={at} take={(r) => go({ r })} />;
}

/** TensorView shows the tensor at a path: its figures, histogram and one plane of it. */
export function TensorView({ path }: { path: string }) {
  const stats = useFetched<Stats>(path);
  if (!stats.data || !stats.path || stats.busy) return <Wait of={stats} what="computing the value" />;
  return (
    <>
      <Figures s={stats.data} />
      <Histogram s={stats.data} />
      <HeatMap key={stats.path} path={stats.path} stats={stats.data} />
    </>
  );
}

function Figures({ s }: { s: Stats }) {
  const rows: [string, string][] = [
    ["min", figure(s.min)],
    ["max", figure(s.max)],
    ["mean", figure(s.mean)],
    ["std", figure(s.std)],
    ["zeros", s.zeros.toLocaleString("en")],
    ["elements", s.count.toLocaleString("en")],
  ];
  return (
    <>
      <dl class="figures">
        {rows.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}
      </dl>
      {s.nan + s.infinite > 0 && <p class="problem">■ {counted(s.nan, "NaN")}, {s.infinite} infinite</p>}
      {s.times > 1 && <p class="soft">computed {s.times} times; this is the last</p>}
    </>
  );
}

function Histogram({ s }: { s: Stats }) {
  const most = Math.max(...s.bins, 1);
  const width = 256;
  const height = 56;
  // The root shows small bins beside large ones; the title says what it is.
  const y = (n: number): number => height - (n > 0 ? 1 + (height - 1) * Math.sqrt(n / most) : 0);
  const path = s.bins.map((n, i) => `M${i + 0.5} ${height}V${y(n).toFixed(1)}`).join("");
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`Histogram from ${figure(s.min)} to ${figure(s.max)}`}>
        <title>Heights are square roots of counts; the highest bin has {most.toLocaleString("en")}.</title>
        <path d={path} />
      </svg>
      <figcaption><span>{figure(s.min)}</span><span>{figure(s.max)}</span></figcaption>
    </figure>
  );
}

/** HeatMap shows a plane of a tensor; numbers of its outer axes choose which. */
function HeatMap({ path, stats }: { path: string; stats: Stats }) {
  const outer = (stats.shape ?? []).slice(0, -2);
  const [at, setAt] = useState<number[]>(outer.map(() => 0));
  const [as, setAs] = useState<"heat" | "rgb" | "mask">("heat");
  const slice = useFetched<Slice>(stats.count > 0 ? `${path}/slice${query({ at: at.join(",") })}` : undefined);
  if (stats.count === 0) return <p class="soft">It has no elements.</p>;
  const dims = stats.shape ?? [];
  const colours = dims.length >= 3 && dims.length <= 4 && (dims[dims.length - 3] === 3 || dims[dims.length - 1] === 3);
  const map: Map = stats.min < 0 && stats.max > 0 ? "parting" : "rising";
  return (
    <div class="plane">
      <div class="plane-bar">
        <div role="group" aria-label="Shown as" class="choice">
          <button aria-pressed={as === "heat"} onClick={() => setAs("heat")}>heat map</button>
          {colours && <button aria-pressed={as === "rgb"} onClick={() => setAs("rgb")}>image</button>}
          <button aria-pressed={as === "mask"} onClick={() => setAs("mask")}>mask</button>
        </div>
        {outer.map((n, axis) => (
          <label key={axis} class="axis">
            {axis}
            <input
              type="number" min={0} max={n - 1} value={at[axis]} aria-label={`Place on axis ${axis}`}
              onChange={(e) => setAt(at.with(axis, Math.min(Math.max(e.currentTarget.valueAsNumber || 0, 0), n - 1)))}
            />
            <span class="soft">/{n}</span>
          </label>
        ))}
      </div>
      <Wait of={slice} what="reading the plane" />
      {as === "heat" && slice.data && <Heat slice={slice.data} map={map} />}
      {as === "rgb" && <img class="picture" alt="The tensor as an image" src={`${path}/image.png${query({ map: "rgb", at: at[0] })}`} />}
      {as === "mask" && <img class="picture" alt="Where the tensor is above 0" src={`${path}/image.png${query({ map: "mask", threshold: stats.min >= 0 ? 0.5 : 0, at: at.join(",") })}`} />}
    </div>
  );
}

export function Heat({ slice, map }: { slice: Slice; map: Map }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<[number, number] | undefined>(undefined); // the element that is pointed at
  const values = decode(slice);
  const [least, most] = range(values, map);
  useEffect(() => {
    if (canvas.current) paint(canvas.current, values, slice.rows, slice.cols, map);
  }, [slice, map]);
  const point = (row: number, col: number): void => setAt([Math.min(Math.max(row, 0), slice.rows - 1), Math.min(Math.max(col, 0), slice.cols - 1)]);
  const tell = (e: MouseEvent): void => {
    const box = canvas.current!.getBoundingClientRect();
    point(Math.floor(((e.clientY - box.top) / box.height) * slice.rows), Math.floor(((e.clientX - box.left) / box.width) * slice.cols));
  };
  const keys = (e: KeyboardEvent): void => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
    if (!step) return;
    e.preventDefault();
    point((at?.[0] ?? 0) + step[0]!, (at?.[1] ?? 0) + step[1]!);
  };
  const under = at && `[${at[0] * slice.step[0]}, ${at[1] * slice.step[1]}] = ${figure(values[at[0] * slice.cols + at[1]]!)}`;
  const thinned = slice.step[0] > 1 || slice.step[1] > 1;
  return (
    <figure class="heat">
      <canvas ref={canvas} class={slice.rows * 3 < slice.cols ? "wide" : slice.rows > slice.cols ? "tall" : ""} onMouseMove={tell} onMouseLeave={() => setAt(undefined)} tabIndex={0} onKeyDown={keys} role="img" aria-label={`Heat map of ${slice.rows} by ${slice.cols} elements from ${figure(least)} to ${figure(most)}`} />
      <figcaption>
        <span>{figure(least)}</span>
        <span class={"ramp ramp-" + map} aria-hidden="true" />
        <span>{figure(most)}</span>
        <span class="under">{under || (thinned ? `every ${Math.max(...slice.step)}th shown` : `${slice.rows} × ${slice.cols}`)}</span>
      </figcaption>
    </figure>
  );
}

