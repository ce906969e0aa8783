// A browser and the debugger for tests: the real program on a free port, and Chromium without a window.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));
export const program = process.env.AIOPT ?? root + "aiopt";
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
    page.setDefaultTimeout(30_000);
    const problems = [];
    page.on("pageerror", (e) => problems.push(e.message));
    page.on("console", (m) => m.type() === "error" && !/status of (40[049]|413)/.test(m.text()) && problems.push(m.text()));
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

/** withFiles runs a test with files of given names and texts, by their paths. */
export async function withFiles(texts, test) {
  const dir = mkdtempSync(join(tmpdir(), "aiopt-page-"));
  try {
    const paths = Object.entries(texts).map(([name, text]) => (writeFileSync(join(dir, name), text), join(dir, name)));
    return await test(...paths);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** violations lists what axe calls serious or worse. */
export async function violations(page) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  return violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? "")).slice(0, 3).join("; ")}`);
}

/** row is a line of the navigator by its name. */
export const row = (page, name) => page.locator(".tree .row", { has: page.locator(".row-name", { hasText: new RegExp(`^${name}$`) }) });

/** focused is what has the keyboard: its kind and its name for those who do not see it. */
export const focused = (page) =>
  page.evaluate(() => {
    const el = document.activeElement;
    const name = el === document.body ? "the page" : el.getAttribute("aria-label") ?? el.labels?.[0]?.textContent ?? el.textContent;
    return { kind: el.getAttribute("role") ?? el.localName, name: name.trim().replace(/\s+/g, " ") };
  });

/** tabTo presses Tab until the keyboard is at something of a name, and of a kind where one is given. */
export async function tabTo(page, name, key = "Tab", kind = undefined) {
  const seen = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press(key);
    const at = await focused(page);
    if ((typeof name === "string" ? at.name === name : name.test(at.name)) && at.kind === (kind ?? at.kind)) return at;
    seen.push(at.name);
  }
  throw new Error(`${key} never comes to ${name}: ${seen.join(", ")}`);
}

/** shown waits until a model, the n-th to be opened, is the one that is shown. */
export async function shown(page, model) {
  await page.waitForFunction((m) => new URLSearchParams(location.hash.slice(1)).get("m") === m, model);
  await page.locator(".work").waitFor({ state: "detached" });
  await page.locator(`.panes[data-model=${model}]`).waitFor();
}

/** reopen opens the model again, with other passes and a configuration that the dialog offers, and waits until it is shown. */
export async function reopen(page, model, passes, config) {
  await page.keyboard.press("o");
  await page.waitForFunction(() => document.activeElement?.id === "passes");
  await page.keyboard.press("Control+A");
  await page.keyboard.type(passes);
  if (config) {
    await tabTo(page, config);
    await page.keyboard.press("Enter");
  }
  await tabTo(page, "Open");
  await page.keyboard.press("Enter");
  await shown(page, model);
}

/** compareWithSaved compares the shown model with what PyTorch computed. */
export async function compareWithSaved(page) {
  await page.keyboard.press("c");
  await page.locator("dialog select[aria-label=Reference] option:checked", { hasText: "saved" }).waitFor({ state: "attached" });
  const before = new URL(page.url()).hash.match(/\bc=c(\d+)/)?.[1] ?? "0";
  await begin(page);
  await compared(page, `c${Number(before) + 1}`);
}

/** begin presses the button of a dialog, once it may be pressed. */
export async function begin(page) {
  await page.locator("dialog button.primary:not([aria-disabled=true]):focus").waitFor();
  await page.keyboard.press("Enter");
}

/** compared waits until a comparison is shown, and complete. */
export async function compared(page, comparison) {
  await page.locator(`.sides[data-comparison=${comparison}]`).waitFor();
  await page.locator(".point").first().waitFor();
  await page.locator(".bar-note", { hasText: "still comparing" }).waitFor({ state: "detached" });
}

/** run runs the shown model on the inputs that it proposes. */
export async function run(page) {
  await page.keyboard.press("r");
  await page.locator("dialog button.primary[aria-disabled=false]:focus").waitFor();
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  await page.locator(".notice", { hasText: /: done$/ }).waitFor();
}

export const detector = ["tests/detector/detector.pt2", "--inputs=tests/detector/inputs.safetensors"];
export const saved = "tests/detector/detector.intermediates.safetensors";
