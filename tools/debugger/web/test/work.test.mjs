// Long work is watched and cancelled, and what nobody looks at any more is not asked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareWithSaved, detector, reopen, run, saved, shown, tabTo, withFiles, withPage } from "./page.mjs";

const products = 400;
const side = 512;
// A model that takes long: products of matrices one after another.
const slow = `air 1
module @slow {
  func @main(%x: tensor<${side}x${side}xf32>) -> (%y: tensor<${side}x${side}xf32>) {
${Array.from({ length: products }, (_, i) => `    %p${i} = tensor.matmul(%${i === 0 ? "x" : "p" + (i - 1)}, %x) : tensor<${side}x${side}xf32>`).join("\n")}
    core.return(%p${products - 1})
  }
}
`;

test("a run is cancelled, the page says so and goes on", () =>
  withFiles({ "slow.air": slow }, (path) =>
    withPage([path], {}, async (page) => {
      await page.keyboard.press("r");
      await page.locator("dialog button.primary[aria-disabled=false]:focus").waitFor();
      await page.keyboard.press("Enter");
      await page.locator(".work progress[max]").waitFor();
      await tabTo(page, /^Cancel slow.air/);
      await page.keyboard.press("Enter");
      await page.locator(".notice", { hasText: "slow.air @main on interp: cancelled" }).waitFor();
      await page.locator(".work").waitFor({ state: "detached" });
      await page.keyboard.press("Escape");
      for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
      await page.getByRole("heading", { name: "p0", exact: true }).waitFor();
      await page.locator(".section", { hasText: "Nothing has run yet" }).waitFor();
    })));

test("a look that takes long is cancelled, and tried again", () =>
  withPage(detector, {}, async (page) => {
    await run(page);
    let slow = true;
    await page.route(/\/api\/runs\/r1\/values\/\d+$/, (route) => (slow ? undefined : route.continue())); // never answered
    const ended = page.waitForEvent("requestfailed", (r) => /values\/\d+$/.test(r.url()));
    for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowDown");
    await page.locator(".wait progress").waitFor();
    await tabTo(page, "Cancel");
    await page.keyboard.press("Enter");
    await page.locator(".section", { hasText: "It was cancelled." }).waitFor();
    assert.match((await ended).failure().errorText, /ABORTED/);
    slow = false;
    await tabTo(page, "Try again");
    await page.keyboard.press("Enter");
    await page.locator(".figures").waitFor();
  }));

test("a selection that flies by asks for nothing, and one that has gone is not awaited", () =>
  withPage(detector, {}, async (page) => {
    await run(page);
    await page.route(/\/api\/runs\/r1\/values\/\d+$/, () => {}); // never answered
    const ended = page.waitForEvent("requestfailed", (r) => /values\/\d+$/.test(r.url()));
    for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowDown");
    await page.locator(".wait").waitFor();
    await page.keyboard.press("ArrowDown");
    assert.match((await ended).failure().errorText, /ABORTED/);

    const asked = [];
    page.on("request", (r) => /\/(op|values)\/\d+$/.test(r.url()) && asked.push(r.url()));
    for (let i = 0; i < 24; i++) await page.keyboard.down("ArrowDown"); // a key that is held repeats
    await page.keyboard.up("ArrowDown");
    const name = await page.locator(".tree [aria-selected=true] .row-name").textContent();
    await page.getByRole("heading", { name, exact: true }).waitFor();
    assert.ok(asked.length <= 4, `it asked for ${asked.length} things: ${asked.join(" ")}`);
  }));

test("models, runs and comparisons are closed by Delete and by their buttons", () =>
  withPage([...detector, saved], {}, async (page) => {
    await reopen(page, "m2", "decompose,w4");
    for (let i = 0; i < 2; i++) await run(page);
    for (let i = 0; i < 2; i++) {
      await compareWithSaved(page);
      await page.waitForFunction((c) => new URLSearchParams(location.hash.slice(1)).get("c") === c, `c${i + 1}`);
    }
    await page.keyboard.press("ArrowDown");
    await tabTo(page, "Run", "Shift+Tab", "select");
    assert.deepEqual(await page.locator("select[aria-label=Run] option").allTextContents(), ["r1", "r2"].map((r) => `${r}: detector.pt2 · decompose,w4 @main on interp`));
    await page.keyboard.press("Delete");
    await page.locator("select[aria-label=Run]").waitFor({ state: "detached" }); // one is left
    await page.keyboard.press("Escape");
    await tabTo(page, "Comparison", "Shift+Tab");
    await tabTo(page, /^Close detector/);
    await page.keyboard.press("Enter");
    await page.locator("select[aria-label=Comparison]").waitFor({ state: "detached" });
    await page.locator(".point").first().waitFor(); // of the other one
    await page.keyboard.press("Escape");
    await tabTo(page, "Model", "Shift+Tab");
    await page.keyboard.press("Delete");
    await page.locator(".panes[data-model=m1]").waitFor();
    assert.equal(await page.locator("select[aria-label=Model] option").count(), 1);
    assert.equal(await page.evaluate(async () => (await fetch("/api/models/m2")).status), 404);
    assert.deepEqual(await page.locator(".failure").allTextContents(), []);
  }));
