/** short is an operation's name without what goes without saying. */
export const short = (op: string): string => op.replace(/^(aten|tensor|nn|core)\./, "");

/** shape is a type without the word around it: 1×256 f32. */
export function shape(type: string): string {
  const inner = /^tensor<(.*)>$/.exec(type)?.[1];
  if (inner === undefined) return type;
  const at = inner.lastIndexOf("x");
  return at < 0 ? inner : `${inner.slice(0, at).replaceAll("x", "×").replace(/\[|\]/g, "")} ${inner.slice(at + 1)}`;
}

/** dimensions are the sizes of a tensor's type, with those that the caller chooses by their names. */
export const dimensions = (type: string): string[] => [...type.matchAll(/\[([^\]]*)\](?=x)|(\d+)(?=x)/g)].map((d) => d[1] ?? d[2]!);
