// The story of docs/debugging.md: all weights in 4 bits break one module; the page finds it, and leaving that module out mends it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { detector, reopen, row, saved, violations, withPage } from "./page.mjs";

const points = (page) => page.locator(".point");
const first = (page) => points(page).first();

/** compareWithSaved compares the shown model with what PyTorch computed, by the keyboard alone. */
async function compareWithSaved(page) {
  await page.keyboard.press("c");
  await page.locator("dialog select[aria-label=Reference] option:checked", { hasText: "saved" }).waitFor({ state: "attached" });
  await page.locator("dialog button.primary:focus").waitFor();
  await page.keyboard.press("Enter");
  await first(page).waitFor();
  await page.locator(".points").waitFor();
  await page.locator(".bar-note", { hasText: "still comparing" }).waitFor({ state: "detached" });
}

for (const colorScheme of ["light", "dark"]) {
  test(`the broken module is found and mended by the keyboard alone, ${colorScheme}`, () =>
    withPage([...detector, saved], { colorScheme }, async (page) => {
      assert.deepEqual(await violations(page), []);
      await reopen(page, "decompose,w4");
      await compareWithSaved(page);

      // The worst rows are of the detector, whose projections w4 breaks; the encoders are green.
      for (let i = 0; i < 5; i++) assert.match(await points(page).nth(i).locator(".row-path").textContent(), /^detector/);
      for (const part of ["image_encoder", "text_encoder"]) await page.locator(".point", { hasText: part }).first().locator(".chip-good").waitFor();
      await page.getByRole("tab", { name: "Modules" }).click();
      await row(page, "detector").locator(".chip-bad").first().waitFor();
      await row(page, "image_encoder").locator(".chip-good").first().waitFor();
      await page.getByRole("tab", { name: /Sync points/ }).click();

      // Walking down the list moves all panes, and the source shows the line of each.
      for (let i = 0; i < 5; i++) {
        await page.keyboard.press("ArrowDown");
        const name = await page.locator(".point[aria-selected=true] .row-name").textContent();
        await page.getByRole("heading", { name, exact: true }).waitFor();
        await page.locator(".line-here").waitFor();
      }

      // One of the red points makes its error itself.
      let guilty = false;
      for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowUp");
      for (let i = 0; i < 30 && !guilty; i++) {
        await page.keyboard.press("l");
        await page.locator(".guilty, .inherited, .local .soft").first().waitFor();
        guilty = (await page.locator(".guilty").count()) > 0;
        if (!guilty) {
          const before = page.url();
          await page.keyboard.press("n");
          if (page.url() === before) break;
        }
      }
      assert.ok(guilty, "no operation is found guilty");
      assert.match(await page.locator(".inspector .crumbs").first().textContent(), /detector/);
      assert.deepEqual(await violations(page), []);

      // Without the detector, all of it is green.
      await reopen(page, 'decompose,w4{ignore="detector.*"}');
      await compareWithSaved(page);
      await page.locator(".point").first().locator(".chip-good").waitFor();
      assert.equal(await page.locator(".chip-bad").count(), 0);
    }));
}

test("what has no counterpart says why", () =>
  withPage([...detector, saved], {}, async (page) => {
    await compareWithSaved(page);
    await page.getByRole("button", { name: /without counterpart/ }).click();
    const reasons = await page.locator(".reason").allTextContents();
    assert.ok(reasons.length > 0);
    for (const reason of reasons) assert.match(reason, /\w+ \w+/);
  }));
