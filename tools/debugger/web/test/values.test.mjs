// Tensors as pictures, and pictures as inputs.
import assert from "node:assert/strict";
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { test } from "node:test";
import { detector, row, withFiles, withPage } from "./page.mjs";

/** runOn runs the model on a picture of two by two pixels of these colours, and selects the input that it became. */
async function runOn(page, colours) {
  const png = await page.evaluate((colours) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 2;
    const c = canvas.getContext("2d");
    colours.forEach((colour, i) => {
      c.fillStyle = colour;
      c.fillRect(i % 2, Math.floor(i / 2), 1, 1);
    });
    return canvas.toDataURL("image/png").split(",")[1];
  }, colours);
  await page.keyboard.press("r");
  await page.getByLabel("Where image comes from").selectOption("file");
  await page.getByLabel("File of image").setInputFiles({ name: "board.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") });
  await page.getByLabel("Mean").fill("0, 0, 0");
  await page.getByLabel("Standard deviation").fill("1, 1, 1");
  await page.getByRole("button", { name: "Run", exact: true }).last().click();
  await page.locator("dialog").waitFor({ state: "detached" });
  await row(page, "image").click();
  await page.locator(".figures", { hasText: "768" }).waitFor();
}

/** corners gives the colours at the corners of the picture that is shown, in rows, and its size. */
async function corners(page, name) {
  await page.getByRole("button", { name, exact: true }).click();
  return page.locator("img.picture").evaluate(async (img) => {
    await img.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(img, 0, 0);
    const [w, h] = [canvas.width - 1, canvas.height - 1];
    return [[0, 0], [w, 0], [0, h], [w, h]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3).join(" ")).concat(`${img.naturalWidth} by ${img.naturalHeight}`);
  });
}

test("a picture becomes the input of a run, and is shown as heat map, image and mask", () =>
  withPage(detector, {}, async (page) => {
    await runOn(page, ["#000000", "#ff0000", "#00ff00", "#ffffff"]);
    const red = await page.evaluate(async () => {
      const at = Number(new URLSearchParams(location.hash.slice(1)).get("v"));
      const value = (await (await fetch(`/api/models/m1/op/${at}`)).json()).results[0].value;
      const slice = await (await fetch(`/api/runs/r1/values/${value}/slice?at=0,0`)).json();
      const numbers = new Float32Array(Uint8Array.from(atob(slice.values), (c) => c.charCodeAt(0)).buffer);
      return [numbers[0], numbers[15], numbers[240], numbers[255]];
    });
    assert.deepEqual(red, [0, 1, 0, 1]);
    assert.deepEqual(await corners(page, "image"), ["0 0 0", "255 0 0", "0 255 0", "255 255 255", "16 by 16"]);
    assert.deepEqual(await corners(page, "mask"), ["0 0 0", "255 255 255", "0 0 0", "255 255 255", "16 by 16"]);
    // The heat map goes from dark to bright.
    await page.getByRole("button", { name: "heat map" }).click();
    const [least, most] = await page.locator(".heat canvas").evaluate((c) => [[0, 0], [15, 0]].map(([x, y]) => [...c.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3).join(" ")));
    assert.deepEqual([least, most], ["68 1 84", "253 231 37"]);
  }));

test("a file over the limit is refused with what to do", () =>
  withFiles({ "large.npy": "" }, (path) =>
    withPage(detector, {}, async (page) => {
      const file = openSync(path, "r+");
      ftruncateSync(file, 257 << 20);
      closeSync(file);
      await page.keyboard.press("r");
      await page.getByLabel("Where image comes from").selectOption("file");
      await page.getByLabel("File of image").setInputFiles(path);
      await page.getByRole("button", { name: "Run", exact: true }).last().click();
      await page.locator("dialog [role=alert]", { hasText: "the request has more than 256 MiB; write larger inputs to a file and name it with --inputs" }).waitFor();
      await page.keyboard.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
    })));

test("a file that is no tensor is refused with what was expected", () =>
  withPage(detector, {}, async (page) => {
    await page.keyboard.press("r");
    await page.getByLabel("Where image comes from").selectOption("file");
    await page.getByLabel("File of image").setInputFiles({ name: "text.npy", mimeType: "text/plain", buffer: Buffer.from("no numbers") });
    await page.getByRole("button", { name: "Run", exact: true }).last().click();
    await page.locator("dialog [role=alert]", { hasText: /^input image: / }).waitFor();
  }));

/** npy is a file of NumPy with zeros. */
function npy(...shape) {
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`.padEnd(117) + "\n";
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00v\x00", "latin1"), Buffer.from(head), Buffer.alloc(4 * shape.reduce((a, b) => a * b, 1))]);
}

const sized = `air 1
module @sized {
  func @main(%ids: tensor<2x[B]xf32>) -> (%y: tensor<2x[B]xf32>) {
    dim B in 2..128
    %y = tensor.neg(%ids) : tensor<2x[B]xf32>
    core.return(%y)
  }
}
`;

test("a file of another shape is refused in the dialog, which stays, and sizes say what they are of", () =>
  withFiles({ "sized.air": sized }, (path) =>
    withPage([path], {}, async (page) => {
      await page.keyboard.press("r");
      await page.locator("dialog .line-field", { hasText: /^B: dimension 1 of ids, 2 to 128$/ }).waitFor();
      await page.getByLabel("Where ids comes from").selectOption("file");
      const file = page.getByLabel("File of ids");
      assert.equal(await file.getAttribute("accept"), ".npy,.npz,.safetensors");
      await file.setInputFiles({ name: "wide.npy", mimeType: "application/octet-stream", buffer: npy(3, 4) });
      await page.getByRole("button", { name: "Run", exact: true }).last().focus();
      await page.keyboard.press("Enter");
      await page.locator("dialog [role=alert]", { hasText: /ids/ }).waitFor();
      assert.equal(await page.locator(".failure").count(), 0);
      await file.setInputFiles({ name: "right.npy", mimeType: "application/octet-stream", buffer: npy(2, 4) });
      await page.getByRole("button", { name: "Run", exact: true }).last().focus();
      await page.keyboard.press("Enter");
      await page.locator("dialog").waitFor({ state: "detached" });
      assert.equal(await page.locator(".failure").count(), 0);
    })));
