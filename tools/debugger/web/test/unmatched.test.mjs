// Tensors that cannot be compared are listed, each with its reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, compareWithSaved, detector, saved, tabTo, withFiles, withPage } from "./page.mjs";

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

/** branches is a model whose condition is false for inputs that are made, and that gives a tensor of a name. */
const branches = (name) => `air 1
module @m {
  func @main(%x: tensor<3xf32>) -> (%y: tensor<3xf32>) {
    %a = tensor.exp(%x) : tensor<3xf32> is "a"
    %never = tensor.lt(%a, %x) : tensor<3xbool>
    %p = tensor.all(%never) {axes = [0]} : tensor<bool>
    %c = core.cond(%p, %a) : tensor<3xf32> is "cond"
      then(%v: tensor<3xf32>) {
        %t = tensor.exp(%v) : tensor<3xf32> is "true_graph_0/exp"
        core.return(%t)
      }
      else(%v: tensor<3xf32>) {
        %e = tensor.neg(%v) : tensor<3xf32> is "false_graph_0/neg"
        core.return(%e)
      }
    %${name} = tensor.abs(%c) : tensor<3xf32> is "${name}"
    %y = tensor.neg(%${name}) : tensor<3xf32> is "neg"
    core.return(%y)
  }
}
`;

test("what has no counterpart says why: not computed, not there", () =>
  withFiles({ "one.air": branches("one"), "other.air": branches("other") }, (...paths) =>
    withPage(paths, {}, async (page) => {
      await page.keyboard.press("c");
      await begin(page);
      await page.locator(".point").first().waitFor();
      await tabTo(page, /without counterpart/);
      await page.keyboard.press("Enter");
      await page.locator(".lost-point").first().waitFor();
      const said = await page.locator(".lost-point").evaluateAll((all) => all.map((r) => `${r.querySelector(".row-name").textContent}: ${r.querySelector(".reason").textContent}`));
      assert.deepEqual(said.sort(), [
        "one: no counterpart: the reference side has no tensor of that name",
        "other: no counterpart: the tested side has no tensor of that name",
        "true_graph_0/exp: not computed: the branch or loop that holds it did not run on either side",
      ]);
    })));
