// Numbers for people.

export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toPrecision(3)} ${units[i]}`;
}

export function millis(n: number): string {
  return n >= 1000 ? `${(n / 1000).toPrecision(3)} s` : n >= 1 ? `${n.toPrecision(3)} ms` : `${Math.round(n * 1000)} µs`;
}

/** figure is a number of a tensor, with four digits. */
export function figure(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  if (x !== 0 && (Math.abs(x) >= 1e6 || Math.abs(x) < 1e-3)) return x.toExponential(3).replaceAll("-", "−");
  return (Number.isInteger(x) ? String(x) : x.toPrecision(4)).replace("-", "−");
}

export const counted = (n: number, what: string): string => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
