import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { post } from "../api";
import { useFetched } from "../fetched";
import { comparisonID, notice, points, revision } from "../state";
import { worst } from "../verdicts";
import type { PointInfo, Score } from "../wire";
import { Chip } from "./Chip";
import { Section } from "./Section";
import { TensorView } from "./Tensor";

const shown = ["psnr", "snr", "cosine", "max-abs"]; // others are folded away
const side = signal<"tested" | "reference" | "difference">("difference");

/** Comparison shows how near a node's tensor is to its counterpart, and whether the operation itself is to blame. */
export function Comparison({ at }: { at: number }) {
  const p = worst.value.get(at);
  const path = p && p.node === at && points.value?.complete ? `/api/compare/${comparisonID.value}/points/${p.index}` : undefined;
  const info = useFetched<PointInfo>(path && `${path}?revision=${revision.value}`);
  if (!p || p.node !== at) return null;
  return (
    <Section title="Comparison">
      <p class="lead"><Chip {...p} /></p>
      {info.error && <p class="problem">{info.error}</p>}
      {info.data?.problem && <p class="problem">○ {info.data.problem}</p>}
      {info.data && <Scores list={info.data.scores} />}
      {path && info.data && <Local path={path} info={info.data} />}
      {path && info.data && !info.data.problem && (
        <>
          <div role="group" aria-label="Which tensor" class="choice">
            {(["tested", "reference", "difference"] as const).map((s, i) => (
              <button key={s} aria-pressed={side.value === s} onClick={() => (side.value = s)}>{["A", "B", "A − B"][i]}</button>
            ))}
          </div>
          <TensorView key={side.value} path={`${path}/${side.value}`} />
        </>
      )}
    </Section>
  );
}

function Scores({ list }: { list: Score[] }) {
  const [all, setAll] = useState(false);
  const rows = all ? list : list.filter((s) => shown.includes(s.name));
  if (list.length === 0) return null;
  return (
    <>
      <table class="scores">
        <tbody>
          {rows.map((s) => (
            <tr key={s.name}>
              <th scope="row" title={s.doc}>{s.title}</th>
              <td><Chip {...s} /></td>
            </tr>
          ))}
        </tbody>
      </table>
      <button class="inline" onClick={() => setAll(!all)}>{all ? "fewer metrics" : "all metrics"}</button>
    </>
  );
}

/** localError asks for the error of the current node's operation alone. */
export async function localError(at: number | undefined): Promise<void> {
  const p = at === undefined ? undefined : worst.value.get(at);
  if (!p || p.node !== at) return;
  try {
    const got = await post<PointInfo>(`/api/compare/${comparisonID.value}/points/${p.index}/local`, {});
    notice.value = verdict(got);
    revision.value++;
  } catch (problem) {
    notice.value = (problem as Error).message;
  }
}

const verdict = (info: PointInfo): string => {
  const l = info.local;
  if (!l) return "";
  if (l.problem) return `${info.name}: ${l.problem}`;
  return l.guilty ? `${info.name}: the operation itself makes the error` : `${info.name}: the error is inherited`;
};

function Local({ path, info }: { path: string; info: PointInfo }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const run = async (): Promise<void> => {
    setBusy(true);
    try {
      const got = await post<PointInfo>(path + "/local", {});
      notice.value = verdict(got);
      revision.value++;
    } catch (problem) {
      setError((problem as Error).message);
    }
    setBusy(false);
  };
  const l = info.local;
  return (
    <div class="local">
      {!l && <button onClick={run} disabled={busy} title="Run this operation of A alone, on what B computed before it (l)">{busy ? "running …" : "Local error"}</button>}
      {error && <p class="problem">{error}</p>}
      {l?.problem && <p class="soft">No local error: {l.problem}.</p>}
      {l && !l.problem && (
        <>
          <p class={l.guilty ? "guilty" : "inherited"}>
            {l.guilty ? "■ Made here: this operation alone is as far off." : "● Inherited: alone, on B's values, this operation is fine."}
          </p>
          <p class="soft">
            alone: {l.scores.filter((s) => ["psnr", "snr"].includes(s.name)).map((s) => <Chip key={s.name} {...s} />)} {l.ops && l.ops.length > 1 && `over ${l.ops.length} operations`}
          </p>
        </>
      )}
    </div>
  );
}
