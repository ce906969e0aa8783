// Families of operations, for the colour of their mark. The last match counts for names such as sdpa_norm, so order matters.
const families: [string, RegExp][] = [
  ["input", /^input$/],
  ["data", /constant|fill|iota|dim$|arange|zeros|ones/],
  ["kernel", /kernel/],
  ["view", /reshape|view|transpose|permute|slice|expand|squeeze|select|concat|cat|split|pad|flatten|contiguous|unbind|chunk/],
  ["attention", /sdpa|attention|rope/],
  ["norm", /norm|softmax/],
  ["dense", /linear|matmul|conv|addmm|bmm|einsum|embedding|gather/],
  ["quant", /^quant\./],
  ["state", /^state\./],
];

/** family is the first one that a kind's name fits; everything else is elementwise or reduces. */
export const family = (kind: string): string => families.find(([, pattern]) => pattern.test(kind))?.[0] ?? "math";

/** short is a kind without what goes without saying. */
export const short = (kind: string): string => kind.replace(/^(aten|tensor|nn|core)\./, "");

/** shape is a type without the word around it: 1x256 f32. */
export function shape(type: string): string {
  const inner = /^tensor<(.*)>$/.exec(type)?.[1];
  if (inner === undefined) return type;
  const at = inner.lastIndexOf("x");
  return at < 0 ? inner : `${inner.slice(0, at).replaceAll("x", "×").replace(/\[|\]/g, "")} ${inner.slice(at + 1)}`;
}
