// A browser and the debugger for tests: the real program on a free port, and Chromium without a window.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));
const program = process.env.AIOPT ?? root + "aiopt";
export const browserPath = process.env.AIOPT_CHROMIUM ?? "/usr/bin/chromium";
// Where the page's files are taken from instead of the program, so that a change of the page needs no build of that.
const pageFolder = process.env.AIOPT_PAGE;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** serve starts the debugger on models and gives its URL and what ends it. */
export async function serve(...args) {
  const child = spawn(program, ["debug", "--no-open", ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (text) => (errors += text));
  const url = await new Promise((resolve, reject) => {
    child.stdout.once("data", (text) => resolve(String(text).trim()));
    child.once("exit", (code) => reject(new Error(`aiopt debug ended with ${code}: ${errors}`)));
    child.once("error", reject);
  });
  const ended = new Promise((resolve) => child.once("exit", (code) => resolve({ code, errors })));
  return { url, stop: (signal = "SIGINT") => (child.kill(signal), ended) };
}

/** withPage runs a test on a page of the debugger; whatever the page reports as an error is one. */
export async function withPage(args, options, test) {
  const server = await serve(...args);
  const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
    page.setDefaultTimeout(60_000);
    const problems = [];
    page.on("pageerror", (e) => problems.push(e.message));
    page.on("console", (m) => m.type() === "error" && !/status of 40[049]/.test(m.text()) && problems.push(m.text()));
    if (pageFolder) await page.route(/\/page\.(js|css)$/, (r) => r.fulfill({ path: pageFolder + new URL(r.request().url()).pathname }));
    await page.goto(server.url);
    await page.locator(".tree .row").first().waitFor();
    await test(page, server).catch(async (e) => {
      if (process.env.AIOPT_SHOTS) await page.screenshot({ path: `${process.env.AIOPT_SHOTS}/failed.png` });
      throw e;
    });
    if (problems.length > 0) throw new Error("the page reported: " + problems.join("\n"));
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** violations lists what axe calls serious or worse. */
export async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? "")).slice(0, 3).join("; ")}`);
}

/** row is a line of the navigator by its name. */
export const row = (page, name) => page.locator(".tree .row", { has: page.locator(".row-name", { hasText: new RegExp(`^${name}$`) }) });

/** open opens the model again with other passes, and waits until it is shown. */
export async function reopen(page, passes) {
  await page.keyboard.press("o");
  await page.getByLabel("Passes", { exact: true }).fill(passes);
  await page.keyboard.press("Enter");
  await page.locator(".top select[aria-label=Model] option:checked", { hasText: passes }).waitFor({ state: "attached" });
  await page.locator(".inspector .head .soft", { hasText: passes }).waitFor();
}

export const detector = ["tests/detector/detector.pt2", "--inputs=tests/detector/inputs.safetensors"];
export const saved = "tests/detector/detector.intermediates.safetensors";
