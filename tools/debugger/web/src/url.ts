// The selection in the address, so that the back button and links work: #m=m1&f=main&v=812.
export interface Address {
  m?: string; // model
  f?: string; // function
  v?: number; // node
  r?: string; // run
  c?: string; // comparison
  metric?: string;
}

export function parseAddress(hash: string): Address {
  const q = new URLSearchParams(hash.replace(/^#/, ""));
  const out: Address = {};
  for (const key of ["m", "f", "r", "c", "metric"] as const) {
    const value = q.get(key);
    if (value) out[key] = value;
  }
  const node = Number.parseInt(q.get("v") ?? "", 10);
  if (node >= 0) out.v = node;
  return out;
}

export function formatAddress(a: Address): string {
  const q = new URLSearchParams();
  for (const key of ["m", "f", "v", "r", "c", "metric"] as const) {
    const value = a[key];
    if (value !== undefined && value !== "") q.set(key, String(value));
  }
  return "#" + q.toString();
}
