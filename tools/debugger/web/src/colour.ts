// Colour maps of heat maps. Both have the same lightness steps everywhere, so that equal steps look equal.
import type { Slice } from "./wire";

type Stop = readonly [number, number, number];

// viridis of matplotlib (CC0), every 32nd entry.
const rising: readonly Stop[] = [
  [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37],
];
// From blue over the middle to red, for differences.
const parting: readonly Stop[] = [
  [33, 102, 172], [67, 147, 195], [146, 197, 222], [209, 229, 240], [247, 247, 247], [253, 219, 199], [244, 165, 130], [214, 96, 77], [178, 24, 43],
];

export type Map = "rising" | "parting";

function table(stops: readonly Stop[]): Uint8ClampedArray {
  const out = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const k = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) out[3 * i + c] = stops[k]![c]! + (at - k) * (stops[k + 1]![c]! - stops[k]![c]!);
  }
  return out;
}

const tables: Record<Map, Uint8ClampedArray> = { rising: table(rising), parting: table(parting) };

/** decode gives the numbers of a slice. */
export function decode(s: Slice): Float32Array {
  const raw = Uint8Array.from(atob(s.values), (c) => c.charCodeAt(0));
  return new Float32Array(raw.buffer);
}

/** range is the least and the largest finite number; of a parting map the two are as far from 0. */
export function range(values: Float32Array, map: Map): [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (const x of values) {
    if (!Number.isFinite(x)) continue;
    if (x < least) least = x;
    if (x > most) most = x;
  }
  if (least > most) return [0, 0];
  if (map === "rising") return [least, most];
  const far = Math.max(Math.abs(least), Math.abs(most));
  return [-far, far];
}

/** paint draws numbers as a picture of rows and columns. What is no number is magenta. */
export function paint(canvas: HTMLCanvasElement, values: Float32Array, rows: number, cols: number, map: Map): void {
  canvas.width = Math.max(cols, 1);
  canvas.height = Math.max(rows, 1);
  const context = canvas.getContext("2d");
  if (!context || rows * cols === 0) return;
  const [least, most] = range(values, map);
  const colours = tables[map];
  const image = context.createImageData(cols, rows);
  for (let i = 0; i < rows * cols; i++) {
    const x = values[i]!;
    if (Number.isFinite(x)) {
      const step = most > least ? Math.round((255 * (x - least)) / (most - least)) : 0;
      image.data.set(colours.subarray(3 * step, 3 * step + 3), 4 * i);
    } else image.data.set([220, 0, 200], 4 * i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
