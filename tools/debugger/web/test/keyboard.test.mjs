// All that the mouse can reach the keyboard can reach, in an order that follows the page, and it never gets stuck.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareWithSaved, detector, focused, run, saved, tabTo, withPage } from "./page.mjs";

/** stops numbers what Tab has to reach, in the order of the page, and gives their names. */
const stops = (page) =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll("button, select, input, textarea, summary, a[href], [tabindex]")];
    const reachable = all.filter((el) => el.tabIndex >= 0 && !el.disabled && el.checkVisibility({ visibilityProperty: true }));
    reachable.forEach((el, i) => (el.dataset.stop = i));
    return reachable.map((el) => el.getAttribute("aria-label") ?? el.textContent);
  });

test("Tab reaches all parts of the page in their order, and shows where it is", () =>
  withPage([...detector, saved], {}, async (page) => {
    await run(page);
    await compareWithSaved(page);
    await page.keyboard.press("ArrowDown");
    await page.locator(".inspector .heat canvas").first().waitFor();
    await page.locator(".notice-none").waitFor({ state: "attached" });
    const want = await stops(page);
    const start = await page.evaluate(() => Number(document.activeElement.dataset.stop));
    const came = [];
    for (let i = 0; i <= want.length; i++) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const el = document.activeElement;
        const style = getComputedStyle(el);
        return { what: el.outerHTML.slice(0, 80), end: el === document.body, stop: Number(el.dataset.stop), marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
      });
      if (at.end) continue; // from the end of the page to its beginning
      came.push(at.stop);
      assert.ok(at.marked, `nothing shows that the keyboard is at ${at.what}`);
    }
    assert.deepEqual(came, want.map((_, i) => (start + 1 + i) % want.length), `Tab should go from ${want[start]} through ${want.join(" | ")}`);
    assert.ok(want.length > 35);
    await page.keyboard.press("Escape");
    assert.deepEqual(await focused(page), { kind: "listbox", name: "Sync points" });
    await page.keyboard.press("Shift+Tab");
    assert.equal((await focused(page)).name, "worst first");
  }));

for (const [key, title, first] of [
  ["r", "Run @main", "Run"],
  ["c", "Compare", "Compare"],
  ["o", "Open with other passes", "Passes"],
  ["/", "Search", "Search"],
  ["Control+k", "Search", "Search"],
  ["?", "Keyboard", "Close"],
])
  test(`${key} opens ${title}, which keeps the keyboard, and Escape goes back`, () =>
    withPage([...detector, saved], {}, async (page) => {
      await page.keyboard.press("1");
      await page.keyboard.press(key);
      const dialog = page.locator(`dialog[aria-label="${title}"]`);
      await dialog.waitFor();
      await page.waitForFunction((name) => (document.activeElement.getAttribute("aria-label") ?? document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent) === name, first);
      const inside = await dialog.locator("button:enabled, select, input, textarea").count();
      for (let i = 0; i < inside + 2; i++) {
        await page.keyboard.press("Tab");
        assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null), "Tab left the dialog");
      }
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      assert.equal((await focused(page)).kind, "tree");
    }));

test("keys go to panes, tabs, the picture and elements of a tensor", () =>
  withPage(detector, {}, async (page) => {
    await run(page);
    await page.keyboard.press("2");
    assert.equal((await focused(page)).name, "Structure");
    await page.keyboard.press("ArrowRight");
    await page.locator(".timeline").waitFor();
    await page.keyboard.press("ArrowLeft");
    await tabTo(page, /^Picture of the structure/);
    const seen = () => page.locator(".structure canvas").first().evaluate((c) => c.toDataURL());
    const before = await seen();
    await page.keyboard.press("+");
    await page.waitForFunction((was) => document.querySelector(".structure canvas").toDataURL() !== was, before);
    await page.keyboard.press("3");
    assert.equal((await focused(page)).name, "Python");
    await page.keyboard.press("Escape");
    for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowDown");
    await page.locator(".heat canvas").waitFor();
    await page.keyboard.press("4");
    await tabTo(page, /^Heat map/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    assert.match(await page.locator(".under").textContent(), /^\[1, 1\] = /);
  }));
