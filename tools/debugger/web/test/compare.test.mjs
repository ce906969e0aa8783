// Comparisons: what they are proposed with, how they end, and what is left of those that fail.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, compared, compareWithSaved, detector, focused, reopen, saved, shown, tabTo, withFiles, withPage } from "./page.mjs";

const mlp = "examples/mlp/mlp.pt2";
const chosen = (page) => page.locator("dialog select[aria-label=Reference] option:checked").textContent();
const ready = (page) => page.locator("dialog button.primary[aria-disabled=false]:focus").waitFor();
const notice = (page, hasText) => page.locator(".notice", { hasText }).waitFor();
const hash = (page) => new URLSearchParams(new URL(page.url()).hash.slice(1));

test("the reference is saved values of the same program, otherwise the model's own file", () =>
  withPage([mlp, detector[0], saved], {}, async (page) => {
    await page.keyboard.press("c");
    await ready(page);
    assert.equal(await chosen(page), "mlp.pt2 as PyTorch saved it");
    await tabTo(page, "Tested model", "Shift+Tab");
    await page.keyboard.press("ArrowDown");
    await page.locator("dialog select[aria-label=Reference] option:checked", { hasText: "detector.intermediates.safetensors (saved)" }).waitFor({ state: "attached" });
    await page.keyboard.press("ArrowUp");
    await page.locator("dialog select[aria-label=Reference] option:checked", { hasText: "mlp.pt2 as PyTorch saved it" }).waitFor({ state: "attached" });
    await tabTo(page, "Compare", "Tab", "button");
    await begin(page);
    await compared(page, "c1");
    assert.match(await page.locator(".sides").textContent(), /A mlp\.pt2 · @cpu.*B mlp\.pt2/);
    // Nothing is bad: n says so, and the worst is selected.
    await page.locator("#point0[aria-selected=true]").waitFor();
    await page.keyboard.press("n");
    await notice(page, "All points are green");
  }));

test("x without a module, and n without points, are told in a message", () =>
  withPage(detector, {}, async (page) => {
    await page.keyboard.press("x");
    await notice(page, "Select a module, or something in one, to leave that out of compression");
    assert.equal(await page.locator("dialog").count(), 0);
    await page.keyboard.press("n");
    await notice(page, "There are no points yet: compare first (c)");
  }));

test("what the user has selected while a comparison runs stays selected, and n goes to the worst yellow point where none is red", () =>
  withPage([...detector, saved], {}, async (page) => {
    await reopen(page, "m2", "decompose", "int8 weights");
    let answer;
    const answered = new Promise((go) => (answer = go));
    await page.route(/\/api\/compare\/c1\/points\?/, (route) => answered.then(() => route.continue()).catch(() => {})); // some are not awaited any more
    await page.keyboard.press("c");
    await begin(page);
    await page.locator("dialog").waitFor({ state: "detached" });
    await tabTo(page, /^Sync points/, "Shift+Tab");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("1");
    for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowDown");
    const v = hash(page).get("v");
    answer();
    await page.locator(".tree .chip").first().waitFor();
    assert.equal(hash(page).get("v"), v);
    // As if limits were narrower: the two worst ones are yellow.
    await page.route(/\/api\/compare\/c1\/points\?/, async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      body.points.forEach((p, i) => (p.verdict = i < 2 ? "yellow" : "green"));
      await route.fulfill({ json: body });
    });
    await page.keyboard.press("m");
    await page.locator(".tree .chip-fair").first().waitFor();
    await tabTo(page, "Modules", "Shift+Tab");
    await page.keyboard.press("ArrowRight");
    for (const point of ["#point0", "#point1"]) {
      await page.keyboard.press("n");
      await page.locator(`${point}[aria-selected=true] .chip-fair`).waitFor();
    }
    await page.keyboard.press("n");
    await notice(page, "There is no yellow point after this one");
  }));

/** apart are two models of other inputs, so that a comparison of them fails. */
const apart = (name, size) => `air 1
module @${name} {
  func @main(%x: tensor<${size}xf32>) -> (%y: tensor<${size}xf32>) {
    %y = tensor.neg(%x) : tensor<${size}xf32> is "neg"
    core.return(%y)
  }
}
`;

test("failures are told once, with their model, until they are dismissed or another page comes", () =>
  withFiles({ "one.air": apart("one", 3), "other.air": apart("other", 4) }, (...paths) =>
    withPage(paths, {}, async (page) => {
      for (let i = 1; i <= 2; i++) {
        await page.keyboard.press("c");
        await begin(page);
        await page.locator(".failure").waitFor();
        await page.locator("dialog").waitFor({ state: "detached" });
        await page.waitForFunction(() => !location.hash.includes("c="));
        if (i === 2) await page.locator(".failure", { hasText: "2 times" }).waitFor();
      }
      assert.equal(await page.locator(".failure").count(), 1);
      // Another model has nothing to do with it.
      await tabTo(page, "Model", "Shift+Tab");
      await page.keyboard.press("ArrowDown");
      await shown(page, "m2");
      assert.equal(await page.locator(".failure").count(), 0);
      await page.keyboard.press("ArrowUp");
      await shown(page, "m1");
      await page.locator(".failure").waitFor();
      await page.reload();
      await page.locator(".tree .row").first().waitFor();
      await page.waitForFunction(() => document.querySelectorAll("select[aria-label=Model] option").length === 2);
      assert.equal(await page.locator(".failure").count(), 0);
      await page.keyboard.press("c");
      await begin(page);
      await page.locator(".failure").waitFor();
      await page.keyboard.press("Escape");
      await tabTo(page, /^Dismiss the failure/, "Shift+Tab");
      await page.keyboard.press("Enter");
      await page.locator(".failure").waitFor({ state: "detached" });
    })));

test("the same comparison is joined while it runs", () =>
  withPage([...detector, saved], {}, async (page) => {
    let begun = 0;
    page.on("request", (r) => r.method() === "POST" && r.url().endsWith("/api/compare") && begun++);
    // The page believes that the first one goes on for as long as the stream says nothing else.
    await page.addInitScript(() => {
      const Stream = EventSource;
      globalThis.EventSource = class extends Stream {
        set onmessage(act) {
          super.onmessage = (e) => {
            const job = JSON.parse(e.data);
            act({ data: JSON.stringify(job.kind === "compare" && !globalThis.over ? { ...job, status: "running" } : job) });
          };
        }
      };
    });
    await page.reload();
    await page.locator(".tree .row").first().waitFor();
    for (let i = 0; i < 2; i++) {
      await page.keyboard.press("c");
      await begin(page);
      await page.locator("dialog").waitFor({ state: "detached" });
      await page.locator(".work-item").waitFor();
    }
    assert.equal(begun, 1);
    assert.equal(hash(page).get("c"), "c1");
  }));
