import { gradeOf } from "../verdicts";

/** Chip shows a verdict by shape, number and colour. */
export function Chip({ mark, text, verdict, peaky }: { mark: string; text: string; verdict: string; peaky?: boolean }) {
  return (
    <span class={"chip chip-" + gradeOf(verdict)} title={verdict + (peaky ? "; a few large elements hide the rest: look at the SNR, too" : "")}>
      <span aria-hidden="true">{mark}</span> {text.replace(/^-/, "−")}
      {peaky && <span class="peaky">peaky</span>}
      <span class="hidden">, {verdict}</span>
    </span>
  );
}
