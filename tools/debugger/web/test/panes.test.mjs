// What is selected is shown by all panes, and runs show what was computed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { detector, root, row, run, serve, tabTo, withPage } from "./page.mjs";

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
    await page.waitForFunction((at) => performance.now() - at > 700, await page.evaluate(() => performance.now())); // steps that follow each other closely are one entry of the history
    await row(page, "words").click();
    await page.getByRole("heading", { name: "words", exact: true }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "image", exact: true }).waitFor();
    await page.goto(address);
    await page.getByRole("heading", { name: "add", exact: true }).waitFor();
    assert.equal(await page.locator(".tree [aria-selected=true] .row-name").textContent(), "add");
  }));

test("the picture has the room until something has a source, and its map is there only for what is not seen", () =>
  withPage(detector, { viewport: { width: 1280, height: 720 } }, async (page) => {
    const height = () => page.locator(".structure").evaluate((el) => el.clientHeight);
    const before = await height();
    assert.ok(before > 520, `the picture is ${before} high`);
    await page.keyboard.press("2");
    await tabTo(page, /^Picture of the structure/);
    await page.keyboard.press("0");
    await page.locator(".minimap").waitFor({ state: "hidden" });
    for (let i = 0; i < 8; i++) await page.keyboard.press("+");
    await page.locator(".minimap").waitFor();
    await page.keyboard.press("Escape");
    await row(page, "image_encoder").click();
    await page.getByRole("heading", { name: "image_encoder", exact: true }).waitFor();
    assert.equal(await height(), before); // a module has no line
    await row(page, "patch").dblclick();
    await row(page, "add").click();
    await page.locator(".line-here").waitFor();
    assert.ok((await height()) < before - 150);
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

test("a run on given inputs shows the time of modules", () =>
  withPage(detector, {}, async (page) => {
    await run(page);
    await page.getByRole("tab", { name: "Profile" }).click();
    await page.locator(".profile tbody tr", { hasText: "image_encoder" }).locator("td", { hasText: /[µm]s/ }).first().waitFor();
  }));

test("light and dark are the system's, until t is pressed", async () => {
  const light = (page) =>
    page.evaluate(() => {
      const sum = (color) => color.match(/\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 765;
      const { backgroundColor, color } = getComputedStyle(document.body);
      return { back: sum(backgroundColor), card: sum(getComputedStyle(document.querySelector(".pane")).backgroundColor), text: sum(color) };
    });
  for (const colorScheme of ["light", "dark"])
    await withPage(detector, { colorScheme }, async (page) => {
      const holds = async (theme) => {
        const { back, card, text } = await light(page);
        if (theme === "light") assert.ok(back > 0.9 && card > 0.9 && text < 0.2, `light is ${back}, ${card}, ${text}`);
        else assert.ok(back < 0.1 && card < 0.15 && text > 0.8, `dark is ${back}, ${card}, ${text}`);
      };
      const other = colorScheme === "light" ? "dark" : "light";
      await holds(colorScheme);
      await page.keyboard.press("t");
      await page.locator(`html[data-theme=${other}]`).waitFor();
      await holds(other);
      await page.reload();
      await page.locator(".tree .row").first().waitFor();
      await holds(other);
    });
});

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

test("the picture is clicked, dragged and opened by the mouse", () =>
  withPage(detector, {}, async (page) => {
    await row(page, "image_encoder").click(); // which the picture moves to
    await page.getByRole("heading", { name: "image_encoder", exact: true }).waitFor();
    const box = await page.locator(".structure > canvas").first().boundingBox();
    const seen = () => page.locator(".structure > canvas").first().evaluate((c) => c.toDataURL());
    const before = await seen();
    await page.mouse.move(box.x + 60, box.y + box.height - 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 160, box.y + box.height - 140, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction((was) => document.querySelector(".structure > canvas").toDataURL() !== was, before);
    assert.equal(await page.locator(".inspector h2").textContent(), "image_encoder", "dragging has selected something");
    await page.keyboard.press("2");
    await page.getByRole("button", { name: "Show all" }).click();
    // Somewhere down the middle there is a box.
    for (let y = 40; y < box.height && (await page.locator(".inspector h2").textContent()) === "image_encoder"; y += 10) await page.mouse.click(box.x + box.width / 2, box.y + y);
    assert.notEqual(await page.locator(".inspector h2").textContent(), "image_encoder");
  }));
