import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useFetched } from "../fetched";
import { millis } from "../numbers";
import { model, modelID, op } from "../state";
import type { Changes, Hunk, Stage } from "../wire";
import { Spans } from "./Source";

const chosen = signal(1);

/** Timeline lists the passes, and shows what one of them changed. */
export function Timeline() {
  const stages = model.value.data?.stages ?? [];
  const at = Math.min(chosen.value, stages.length - 1);
  const most = Math.max(...stages.map((s) => s.ops), 1);
  return (
    <div class="timeline">
      <ol class="stages" aria-label="Passes">
        {stages.map((s, i) => (
          <li key={i}>
            <button class="stage" aria-current={i === at ? "step" : undefined} onClick={() => (chosen.value = i)}>
              <span class="stage-name">{s.pass}</span>
              <span class="stage-bar" aria-hidden="true"><span style={{ width: `${(100 * s.ops) / most}%` }} /></span>
              <span class="stage-facts">{facts(s, i > 0)}</span>
            </button>
          </li>
        ))}
      </ol>
      <Changed stage={at} />
    </div>
  );
}

const facts = (s: Stage, timed: boolean): string =>
  [`${s.ops.toLocaleString("en")} ops`, `${s.claims.toLocaleString("en")} claims`, s.lost > 0 ? `${s.lost} lost` : "", timed ? millis(s.millis) : ""].filter(Boolean).join(" · ");

function Changed({ stage }: { stage: number }) {
  const got = useFetched<Changes>(`/api/models/${modelID.value}/stages/${stage}`);
  const own = op.value?.history?.find((h) => h.stage === stage)?.line;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector(".line-here")?.scrollIntoView({ block: "center" }), [got.path, own]);
  if (got.error) return <p class="empty problem">{got.error}</p>;
  if (!got.data) return <p class="empty">…</p>;
  const changed = got.data.hunks.some((h) => h.change !== "same");
  return (
    <div class="code diff" tabIndex={0} role="region" aria-label="What the pass changed" ref={box}>
      {!changed && <p class="empty">This pass changed nothing.</p>}
      {changed && got.data.hunks.map((h, i) => <HunkLines key={i} h={h} own={own === undefined ? -1 : own + 1} />)}
    </div>
  );
}

const signs = { same: " ", added: "+", removed: "−" };

/** HunkLines are the lines of a change; own is the number of the selected operation's line after the pass. */
function HunkLines({ h, own }: { h: Hunk; own: number }) {
  return (
    <>
      {h.lines.map((spans, i) => (
        <div key={i} class={"line line-" + h.change + (h.change !== "removed" && h.at + i === own ? " line-here" : "")}>
          <span class="line-number">{h.at + i}</span>
          <span class="line-sign">{signs[h.change]}</span>
          <Spans spans={spans} />
        </div>
      ))}
      {h.hidden > 0 && <div class="line line-hidden">{h.hidden.toLocaleString("en")} lines {h.change === "same" ? "stay as they are" : "more"}</div>}
    </>
  );
}
