// Tensors that cannot be compared are listed, each with its reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareWithSaved, detector, saved, tabTo, withPage } from "./page.mjs";

test("what has no counterpart says why: lost by a pass, inside a kernel", () =>
  withPage([...detector, saved], {}, async (page) => {
    await compareWithSaved(page);
    await tabTo(page, /without counterpart/);
    await page.keyboard.press("Enter");
    const rows = page.locator(".lost-point");
    await rows.first().waitFor();
    const said = new Map();
    for (const text of await rows.evaluateAll((all) => all.map((r) => [r.querySelector(".row-name").textContent, r.querySelector(".reason").textContent]))) said.set(...text);
    assert.match(said.get("layer_norm_6"), /^lost by fold into %linear_12$/);
    assert.match(said.get("conv2d"), /^inside kernel %add, which the backend cpu does not expose$/);
    for (const reason of said.values()) assert.match(reason, /^(lost by \w+ into %\w+|inside kernel %\w+, which the backend cpu does not expose)$/);
    assert.match(await page.locator(".bar-low button").textContent(), new RegExp(`^○ ${said.size} without counterpart$`));
  }));
