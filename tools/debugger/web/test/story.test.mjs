// The story of docs/debugging.md, by the keyboard alone: 4 bits break one module; the page finds it, and leaving it out mends the model.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { compared, detector, program, root, row, saved, shown, tabTo, violations, withPage } from "./page.mjs";
import { findTheGuilty, openBroken } from "./story.mjs";

const points = (page) => page.locator(".point");
const scores = async (page) => (await points(page).locator(".chip").allTextContents()).map((text) => Number(/[\d.−]+(?= dB)/.exec(text)[0].replace("−", "-")));

for (const colorScheme of ["light", "dark"]) {
  test(`the broken module is found and mended by the keyboard alone, ${colorScheme}`, () =>
    withPage([...detector, saved], { colorScheme, acceptDownloads: true }, async (page) => {
      await openBroken(page);
      await worstAreTheDetectors(page);
      await walkShowsTheLines(page);
      for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowUp");
      await findTheGuilty(page);
      assert.match(await page.locator(".inspector .crumbs").first().textContent(), /^detector/);
      assert.deepEqual(await violations(page), []);

      // From the guilty operation out to the detector, which is left out of the configuration.
      await page.keyboard.press("1");
      await tabTo(page, /^Sync points/, "Shift+Tab");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("1");
      const selected = page.locator(".tree [aria-selected=true] .row-name");
      for (let i = 0; i < 8 && (await selected.textContent()) !== "detector"; i++) await page.keyboard.press("ArrowLeft");
      await row(page, "detector").locator(".chip-bad").first().waitFor();
      await row(page, "text_encoder").locator(".chip-good").first().waitFor();
      await page.getByRole("heading", { name: "detector", exact: true }).waitFor();
      await page.keyboard.press("x");
      await shown(page, "m3");
      await page.getByRole("heading", { name: "detector", exact: true }).waitFor();
      await itIsComparedAgain(page);
      assert.equal(await page.locator(".point .chip:not(.chip-good)").count(), 0, "not all is green, worst first");
      assert.ok((await scores(page)).length > 20);
      await theConfigurationGoesElsewhere(page);
    }));
}

/** worstAreTheDetectors holds the list against what was broken: sorted by similarity, the projections of the detector first. */
async function worstAreTheDetectors(page) {
  const all = await scores(page);
  assert.deepEqual(all, [...all].sort((a, b) => a - b), "the list is not sorted by similarity");
  for (let i = 0; i < 5; i++) {
    assert.match(await points(page).nth(i).locator(".row-path").textContent(), /^detector/);
    await points(page).nth(i).locator(".chip-bad").waitFor();
  }
  for (const part of ["image_encoder", "text_encoder"]) await page.locator(".point", { hasText: part }).first().locator(".chip-good").waitFor();
}

/** walkShowsTheLines goes down the list: all panes follow, and the source shows the line of each. */
async function walkShowsTheLines(page) {
  const lines = { "detector.scores": /self\.scores\(x\)/, "detector.norm": /self\.norm\(x\)/, "detector.decoder.1.projection": /self\.projection\(/ };
  const met = new Set();
  await page.locator("#point0[aria-selected=true]").waitFor(); // the comparison has ended at the worst one
  for (let i = 0; i < 12; i++) {
    const at = page.locator(".point[aria-selected=true]");
    await page.getByRole("heading", { name: await at.locator(".row-name").textContent(), exact: true }).waitFor();
    const path = await at.locator(".row-path").textContent();
    await page.locator(".line-here", { hasText: lines[path] ?? /\S/ }).waitFor();
    if (lines[path]) met.add(path);
    await page.keyboard.press("ArrowDown");
  }
  assert.deepEqual([...met].sort(), Object.keys(lines).sort());
}

/** itIsComparedAgain finds the new build compared as the one before was, with what has changed. */
async function itIsComparedAgain(page) {
  await compared(page, "c2");
  assert.match(await page.locator(".before").textContent(), /^before: [1-9]\d* red, worst -?\d+\.\d dB; now: 0 red, worst \d+\.\d dB /);
  assert.match(await page.locator(".gain").first().textContent(), /^[+−][\d.]+ dB$/);
  await page.keyboard.press("1");
  await tabTo(page, "Show the one before", "Shift+Tab");
  await page.keyboard.press("Enter");
  await compared(page, "c1");
  await page.locator(".before").waitFor({ state: "detached" });
  await tabTo(page, "Comparison", "Shift+Tab");
  await page.keyboard.press("ArrowDown");
  await shown(page, "m3");
  await compared(page, "c2");
  await page.keyboard.press("Escape");
}

/** theConfigurationGoesElsewhere saves the configuration and gives it to the command line, where the comparison is as good. */
async function theConfigurationGoesElsewhere(page) {
  await page.keyboard.press("o");
  await page.waitForFunction(() => document.activeElement?.id === "passes");
  await tabTo(page, "Save as recipe.yaml");
  const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.equal(file.suggestedFilename(), "recipe.yaml");
  const report = JSON.parse(execFileSync(program, ["compare", detector[0], saved, "-passes=decompose", `--config=${await file.path()}`, "--fail-below=30", "--json"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  assert.equal(report.summary.points, report.summary.green);
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
}
