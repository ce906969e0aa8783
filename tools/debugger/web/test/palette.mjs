// Pictures of the page as small files: a PNG with a palette of 256 colours. PNG: https://www.w3.org/TR/png-3/
import { deflateSync, inflateSync } from "node:zlib";

const signature = Buffer.from("89504e470d0a1a0a", "hex");
const most = 256;

/** withPalette writes an 8-bit RGB picture, as browsers give screenshots, with a palette of its commonest colours. */
export function withPalette(png) {
  const { width, height, pixels } = decode(png);
  const { palette, nearest } = choose(pixels);
  const lines = Buffer.alloc(height * (width + 1)); // each begins with its filter: none
  for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < width; x++, at += 3) lines[y * (width + 1) + 1 + x] = nearest.get(pixels.readUIntBE(at, 3));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits of a palette
  return Buffer.concat([
    signature, chunk("IHDR", header), chunk("PLTE", Buffer.from(palette.flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]))),
    chunk("IDAT", deflateSync(lines, { level: 9 })), chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** choose takes common colours that are far enough from those before, and gives each colour the nearest of them. */
function choose(pixels) {
  const counts = new Map();
  for (let at = 0; at < pixels.length; at += 3) {
    const c = pixels.readUIntBE(at, 3);
    counts.set(c, (counts.get(c) ?? 0) + 1);
  }
  const colours = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([c]) => c);
  let palette = [];
  for (let apart = 0; ; apart += 8) {
    palette = [];
    for (const c of colours) if (palette.every((p) => distance(p, c) > apart * apart)) palette.push(c);
    if (palette.length <= most) break;
  }
  const nearest = new Map(colours.map((c) => [c, palette.reduce((best, p, i) => (distance(p, c) < distance(palette[best], c) ? i : best), 0)]));
  return { palette, nearest };
}

const distance = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;

/** decode reads an 8-bit RGB PNG. */
function decode(png) {
  const data = [];
  let width, height;
  for (let at = signature.length; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const body = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    const kind = png.toString("latin1", at + 4, at + 8);
    if (kind === "IDAT") data.push(body);
    if (kind !== "IHDR") continue;
    [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
    if (body[8] !== 8 || body[9] !== 2 || body[12] !== 0) throw new Error(`found a PNG of type ${body[9]} with ${body[8]} bits, expected RGB with 8`);
  }
  const raw = inflateSync(Buffer.concat(data));
  const row = 3 * width;
  const pixels = Buffer.alloc(height * row);
  for (let y = 0; y < height; y++) unfilter(raw[y * (row + 1)], raw.subarray(y * (row + 1) + 1, (y + 1) * (row + 1)), pixels, y * row, row);
  return { width, height, pixels };
}

/** unfilter undoes what PNG does to a row: each byte is the difference from a guess by its neighbours. */
function unfilter(filter, from, to, at, row) {
  for (let i = 0; i < row; i++) {
    const left = i >= 3 ? to[at + i - 3] : 0;
    const up = at > 0 ? to[at + i - row] : 0;
    const corner = i >= 3 && at > 0 ? to[at + i - row - 3] : 0;
    to[at + i] = from[i] + [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
  }
}

function paeth(a, b, c) {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

function chunk(kind, body) {
  const out = Buffer.alloc(12 + body.length);
  out.writeUInt32BE(body.length, 0);
  out.write(kind, 4, "latin1");
  body.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length);
  return out;
}

function crc32(bytes) {
  let crc = ~0;
  for (const b of bytes) {
    crc ^= b;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
