// The pictures of the page in the documents: the operation that is to blame in the story of docs/debugging.md, light and dark.
import { writeFileSync } from "node:fs";
import { detector, root, saved, withPage } from "./page.mjs";
import { withPalette } from "./palette.mjs";
import { findTheGuilty, openBroken } from "./story.mjs";

for (const [colorScheme, name] of [["light", "debugger.png"], ["dark", "debugger-dark.png"]])
  await withPage([...detector, saved], { colorScheme }, async (page) => {
    await openBroken(page);
    await page.locator("#point0[aria-selected=true]").waitFor();
    await findTheGuilty(page);
    await page.locator(".inspector .heat canvas").first().waitFor();
    await page.locator(".line-here").waitFor();
    await page.locator(".notice-none").waitFor({ state: "attached" });
    const picture = withPalette(await page.screenshot({ animations: "disabled", caret: "hide" }));
    writeFileSync(`${root}docs/${name}`, picture);
    console.log(`docs/${name}: ${Math.round(picture.length / 1024)} KiB`);
  });
