// Steps of the story of docs/debugging.md, by the keyboard alone.
import { compareWithSaved, reopen, run } from "./page.mjs";

/** openBroken opens the model with 4 bits for all weights, runs it, and compares it with what PyTorch computed. */
export async function openBroken(page) {
  await reopen(page, "m2", "decompose", "int4 weights");
  await run(page);
  await compareWithSaved(page);
}

/** findTheGuilty asks for local errors from the selected point on, until a red one makes its error itself, and stays there. */
export async function findTheGuilty(page) {
  for (let i = 0; i < 20; i++) {
    await page.locator(".local button, .guilty, .inherited, .local .soft").first().waitFor();
    await page.keyboard.press("l");
    await page.locator(".guilty, .inherited, .local .soft").first().waitFor();
    if ((await page.locator(".guilty").count()) > 0) return;
    const before = await page.locator(".inspector h2").textContent();
    await page.keyboard.press("n");
    await page.waitForFunction((name) => document.querySelector(".inspector h2")?.textContent !== name, before);
  }
  throw new Error("no operation is found guilty");
}
