/** short is an operation's name without what goes without saying. */
export const short = (op: string): string => op.replace(/^(aten|tensor|nn|core)\./, "");

/** shape is a type without the word around it: 1×256 f32. */
export function shape(type: string): string {
  const inner = /^tensor<(.*)>$/.exec(type)?.[1];
  if (inner === undefined) return type;
  const at = inner.lastIndexOf("x");
  return at < 0 ? inner : `${inner.slice(0, at).replaceAll("x", "×").replace(/\[|\]/g, "")} ${inner.slice(at + 1)}`;
}
