// A long list of which only the visible rows are in the page.
import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface Props {
  count: number;
  height: number; // of a row, in pixels
  row: (i: number) => ComponentChildren;
  shown?: number | undefined; // the row to scroll to when it changes
  center?: boolean; // scroll it to the middle
  class?: string;
  home?: boolean; // it takes the keyboard when it appears and nothing else has it
  box?: RefObject<HTMLDivElement | null>;
  [attribute: `aria-${string}`]: string | number | boolean | undefined;
  role?: "tree" | "listbox" | "list" | undefined;
  tabIndex?: number;
  onKeyDown?: (e: KeyboardEvent) => void;
  onRange?: (from: number, to: number) => void;
}

const spare = 8; // rows above and below that are there before they are seen

export function List({ count, height, row, shown, center, box, class: name, home, onRange, ...rest }: Props) {
  const own = useRef<HTMLDivElement>(null);
  const ref = box ?? own;
  const [range, setRange] = useState({ from: 0, to: 60 });
  const update = (): void => {
    const el = ref.current;
    if (!el) return;
    const from = Math.max(0, Math.floor(el.scrollTop / height) - spare);
    const to = Math.min(count, Math.ceil((el.scrollTop + el.clientHeight) / height) + spare);
    if (from !== range.from || to !== range.to) setRange({ from, to });
    onRange?.(from, to);
  };
  useLayoutEffect(() => {
    const el = ref.current;
    if (!el) return;
    const watch = new ResizeObserver(update);
    watch.observe(el);
    update();
    return () => watch.disconnect();
  });
  useLayoutEffect(() => {
    const el = ref.current;
    if (!el || shown === undefined || shown < 0) return;
    const top = shown * height;
    const seen = top >= el.scrollTop && top + height <= el.scrollTop + el.clientHeight;
    if (center && !seen) el.scrollTop = top - el.clientHeight / 2 + height / 2;
    else if (top < el.scrollTop) el.scrollTop = top - height;
    else if (top + height > el.scrollTop + el.clientHeight) el.scrollTop = top + 2 * height - el.clientHeight;
    update();
  }, [shown, center]);
  useLayoutEffect(() => {
    if (home && document.activeElement === document.body) ref.current?.focus();
  }, []);
  const rows = [];
  for (let i = range.from; i < Math.min(range.to, count); i++) rows.push(row(i));
  return (
    <div {...rest} class={"list " + (name ?? "")} ref={ref} onScroll={update}>
      <div class="list-space" role="presentation" style={{ height: `${count * height}px` }}>
        <div class="list-rows" role="presentation" style={{ transform: `translateY(${range.from * height}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
