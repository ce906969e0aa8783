import type { ComponentChildren } from "preact";

interface Props<T extends string> {
  label: string;
  tabs: Record<T, ComponentChildren>;
  value: T;
  set: (to: T) => void;
}

/** Tabs are a list of which one is shown; left and right go to its neighbours. */
export function Tabs<T extends string>({ label, tabs, value, set }: Props<T>) {
  const names = Object.keys(tabs) as T[];
  const keys = (e: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (step === undefined) return;
    e.preventDefault();
    e.stopPropagation();
    const next = (names.indexOf(value) + step + names.length) % names.length;
    set(names[next]!);
    ((e.currentTarget as HTMLElement).children[next] as HTMLElement).focus();
  };
  return (
    <div role="tablist" aria-label={label} class="tabs" onKeyDown={keys}>
      {names.map((name) => (
        <button key={name} role="tab" aria-selected={name === value} tabIndex={name === value ? 0 : -1} onClick={() => set(name)}>
          {tabs[name]}
        </button>
      ))}
    </div>
  );
}
