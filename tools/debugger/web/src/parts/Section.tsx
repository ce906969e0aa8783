import type { ComponentChildren } from "preact";

/** Section is a part of the inspector that can be folded. */
export function Section({ title, count, closed, children }: { title: string; count?: number; closed?: boolean; children: ComponentChildren }) {
  return (
    <details class="section" open={!closed}>
      <summary>
        {title}
        {count !== undefined && <span class="count">{count.toLocaleString("en")}</span>}
      </summary>
      <div class="section-body">{children}</div>
    </details>
  );
}
