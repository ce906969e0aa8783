// What is selected is shown by all panes, and runs show what was computed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { detector, root, row, serve, withPage } from "./page.mjs";

test("a selection is shown by all panes and kept in the address", () =>
  withPage(detector, {}, async (page) => {
    await row(page, "patch").dblclick();
    await row(page, "add").click();
    await page.getByRole("heading", { name: "add", exact: true }).waitFor();
    await page.locator(".line-here", { hasText: "self.patch(image)" }).waitFor();
    assert.match(await page.locator(".structure-crumbs").textContent(), /image_encoder.*patch.*add/);
    const address = page.url();
    await row(page, "image").click();
    await page.getByRole("heading", { name: "image", exact: true }).waitFor();
    await page.waitForTimeout(800); // steps that follow each other closely are one entry of the history
    await row(page, "words").click();
    await page.getByRole("heading", { name: "words", exact: true }).waitFor();
    await page.goto(address);
    await page.getByRole("heading", { name: "add", exact: true }).waitFor();
    assert.equal(await page.locator(".tree [aria-selected=true] .row-name").textContent(), "add");
  }));

test("the text and the generated code of an operation are shown", () =>
  withPage(detector, {}, async (page) => {
    await row(page, "patch").dblclick();
    await row(page, "add").click();
    for (const [tab, want] of [[".air", "core.kernel"], ["Metal", "kernel void"], ["LLVM", "define"]]) {
      await page.locator(".source").getByRole("tab", { name: tab }).click();
      await page.locator(".source .line", { hasText: want }).first().waitFor();
    }
  }));

test("a run on given inputs shows figures, a mask and the time of modules", () =>
  withPage(detector, {}, async (page) => {
    await page.keyboard.press("r");
    await page.getByRole("button", { name: "Run", exact: true }).last().click();
    await row(page, "image").click();
    await page.locator(".figures", { hasText: "768" }).waitFor();
    await page.getByRole("button", { name: "mask" }).click();
    const shown = await page.locator("img.picture").evaluate(async (img) => {
      await img.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
      const context = canvas.getContext("2d");
      context.drawImage(img, 0, 0);
      return { width: img.naturalWidth, tones: [...new Set(context.getImageData(0, 0, canvas.width, canvas.height).data)].sort() };
    });
    assert.equal(shown.width, 16);
    assert.deepEqual(shown.tones.filter((t) => t !== 0 && t !== 255), []);
    await page.getByRole("tab", { name: "Profile" }).click();
    await page.locator(".profile tbody tr", { hasText: "image_encoder" }).locator("td", { hasText: /[µm]s/ }).first().waitFor();
  }));

test("a picture becomes the input of a run", () =>
  withPage(detector, {}, async (page) => {
    // Two by two pixels: black, white, white, black.
    const png = await page.evaluate(() => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 2;
      const c = canvas.getContext("2d");
      c.fillStyle = "black";
      c.fillRect(0, 0, 2, 2);
      c.fillStyle = "white";
      c.fillRect(1, 0, 1, 1);
      c.fillRect(0, 1, 1, 1);
      return canvas.toDataURL("image/png").split(",")[1];
    });
    await page.keyboard.press("r");
    await page.getByLabel("Where image comes from").selectOption("file");
    await page.getByLabel("File of image").setInputFiles({ name: "board.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") });
    await page.getByLabel("Mean").fill("0, 0, 0");
    await page.getByLabel("Standard deviation").fill("1, 1, 1");
    await page.getByRole("button", { name: "Run", exact: true }).last().click();
    await row(page, "image").click();
    await page.locator(".figures").waitFor();
    const corners = await page.evaluate(async () => {
      const at = Number(new URLSearchParams(location.hash.slice(1)).get("v"));
      const value = (await (await fetch(`/api/models/m1/op/${at}`)).json()).results[0].value;
      const slice = await (await fetch(`/api/runs/r1/values/${value}/slice?at=0,0`)).json();
      const numbers = new Float32Array(Uint8Array.from(atob(slice.values), (c) => c.charCodeAt(0)).buffer);
      return [numbers[0], numbers[15], numbers[240], numbers[255]];
    });
    assert.deepEqual(corners, [0, 1, 1, 0]);
  }));

test("what was exported elsewhere has no source, and is said so", () =>
  withPage(["frontend/torch/testdata/mlp.pt2"], {}, async (page) => {
    await page.keyboard.press("/");
    await page.locator("input.search").fill("linear");
    await page.locator(".found [aria-selected=true]").waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".source .problem", { hasText: "is not on this machine" }).waitFor();
  }));

test("ctrl-c ends the program", async () => {
  const server = await serve(...detector);
  const { errors } = await server.stop();
  assert.equal(errors.includes("panic"), false);
  await assert.rejects(fetch(server.url));
});

test("the program says what is wrong with a model", () =>
  assert.rejects(serve("--port=70000", root + "none.pt2"), /expected 0, for a free one, or a number up to 65535/));
