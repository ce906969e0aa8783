// How the page does with 50,000 operations: AIOPT=./aiopt node tools/debugger/web/bench/large.mjs
// It prints when the page can be used, how long opening a module takes, the time between frames while the picture is dragged, and memory.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { browserPath, serve } from "../test/page.mjs";

/** large is a model of 400 layers of 12 modules of 10 operations, and a few more. */
function large() {
  const ops = [];
  const locs = [];
  const kinds = ["nn.relu", "tensor.exp", "tensor.neg", "tensor.abs"];
  let last = "x";
  for (let layer = 0; layer < 417; layer++) {
    for (let part = 0; part < 12; part++) {
      locs.push(`  loc #${locs.length + 1} = "model.py":${part + 1} in "layers.${layer}.${part < 6 ? "attention" : "mlp"}.part${part % 6}" Part`);
      const input = last;
      for (let k = 0; k < 10; k++) {
        const name = `v${ops.length}`;
        const call = k < 9 ? `${kinds[k % 4]}(%${last})` : `tensor.add(%${last}, %${input})`;
        ops.push(`    %${name} = ${call} : tensor<4x8xf32> is "${name}" loc(#${locs.length})`);
        last = name;
      }
    }
  }
  return `air 1\nmodule @large {\n  func @main(%x: tensor<4x8xf32>) -> (%y: tensor<4x8xf32>) {\n${ops.join("\n")}\n    core.return(%${last})\n  }\n${locs.join("\n")}\n}\n`;
}

const dir = mkdtempSync(join(tmpdir(), "aiopt-large-"));
const path = join(dir, "large.air");
writeFileSync(path, large());
const server = await serve(path);
const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(server.url);
  await page.locator(".tree .row").first().waitFor({ timeout: 120_000 });
  const begin = performance.now();
  await page.reload(); // the server has read the model
  await page.locator(".tree .row").first().waitFor();
  console.log(`usable after ${(performance.now() - begin).toFixed(0)} ms`);
  await page.waitForTimeout(1000);

  const opening = [];
  for (let i = 0; i < 6; i++) opening.push(await page.evaluate(open));
  console.log(`a module opens in ${Math.max(...opening).toFixed(0)} ms at most`);

  const frames = (await page.evaluate(drag)).sort((a, b) => a - b);
  console.log(`frames while dragging: median ${at(frames, 0.5)} ms, 95th percentile ${at(frames, 0.95)} ms`);
  console.log(`heap ${((await page.evaluate(() => performance.memory.usedJSHeapSize)) / 2 ** 20).toFixed(0)} MiB`);
} finally {
  await browser.close();
  await server.stop();
  rmSync(dir, { recursive: true });
}

function at(sorted, share) {
  return sorted[Math.floor(sorted.length * share)].toFixed(1);
}

/** open opens the first closed module of the navigator, in the page, and gives the milliseconds until it is drawn. */
async function open() {
  const row = document.querySelector(".tree .row-module[aria-expanded=false]");
  const begin = performance.now();
  row.querySelector(".twist").click();
  const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  while (row.isConnected && row.getAttribute("aria-expanded") !== "true") await drawn();
  await drawn();
  return performance.now() - begin;
}

/** drag moves the picture for two seconds and gives the times between frames. */
async function drag() {
  const canvas = document.querySelector(".structure > canvas");
  const box = canvas.getBoundingClientRect();
  canvas.setPointerCapture = () => {};
  const event = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, { clientX: box.left + x, clientY: box.top + y, pointerId: 1, buttons: 1, bubbles: true }));
  event("pointerdown", 300, 300);
  const times = [];
  for (let i = 0, last = performance.now(); i < 120; i++) {
    event("pointermove", 300 + 100 * Math.sin(i / 10), 300 - 3 * i);
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - last);
    last = performance.now();
  }
  event("pointerup", 300, 300);
  return times;
}
