// axe finds nothing serious: on each dialog and each state of the panes, in both themes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareWithSaved, detector, run, saved, tabTo, violations, withPage } from "./page.mjs";

/** states are what the page may show: a name, and the way there from the one before. */
const states = [
  ["at first", async () => {}],
  ...[["run", "r"], ["compare", "c"], ["passes", "o"], ["help", "?"]].map(([name, key]) => [`the dialog ${name}`, (page) => within(page, key)]),
  ["the dialog search", async (page) => {
    await within(page, "/");
    await page.keyboard.type("linear");
    await page.locator(".found [aria-selected=true]").waitFor();
  }],
  ["a run and a comparison", async (page) => {
    await page.keyboard.press("Escape");
    await run(page);
    await compareWithSaved(page);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.locator(".inspector .heat canvas").first().waitFor();
    await page.keyboard.press("l");
    await page.locator(".guilty, .inherited, .local .soft").first().waitFor();
  }],
  ["the tensors without counterpart", async (page) => {
    await tabTo(page, /without counterpart/);
    await page.keyboard.press("Enter");
    await page.locator(".lost-point").first().waitFor();
  }],
  ["the passes", async (page) => {
    await page.keyboard.press("2");
    await page.keyboard.press("ArrowRight");
    await page.locator(".diff .line").first().waitFor();
  }],
  ["the profile", async (page) => {
    await page.keyboard.press("ArrowRight");
    await page.locator(".profile tbody tr").first().waitFor();
  }],
  ...["air", "llvm", "metal"].map((form) => [`the source as ${form}`, async (page) => {
    await page.keyboard.press("3");
    await page.keyboard.press("ArrowRight");
    await page.locator(`.source [role=tab][aria-selected=true]`, { hasText: new RegExp(form, "i") }).waitFor();
    await page.locator(".source .line, .source .empty").first().waitFor();
  }]),
  ["the modules with a filter", async (page) => {
    await page.keyboard.press("1");
    await tabTo(page, /^Sync points/, "Shift+Tab");
    await page.keyboard.press("ArrowLeft");
    await tabTo(page, "Filter");
    await page.keyboard.type("norm");
    await page.locator(".tree .row").first().waitFor();
  }],
  ["a failure", async (page) => {
    await page.keyboard.press("Escape");
    await within(page, "o");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("nothing");
    await page.keyboard.press("Enter");
    await page.locator("dialog .problem").waitFor();
  }],
];

async function within(page, key) {
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await page.keyboard.press(key);
  await page.locator("dialog[open]").waitFor();
}

for (const colorScheme of ["light", "dark"])
  test(`axe finds nothing serious, ${colorScheme}`, (t) =>
    withPage([...detector, saved], { colorScheme }, async (page) => {
      for (const [name, go] of states) {
        await go(page);
        const found = await violations(page);
        await t.test(name, () => assert.deepEqual(found, []));
      }
    }));
