// How a module is left out: in each form that a configuration and a pipeline may have.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("../", import.meta.url));
const code = execFileSync(process.env.GO ?? "go", ["tool", "esbuild", "src/recipe.ts", "--format=esm"], { cwd: web, encoding: "utf8" });
const { leaveOut } = await import("data:text/javascript," + encodeURIComponent(code));

const config = (text, path) => leaveOut({ passes: "decompose", config: text }, path);

for (const [what, before, path, after] of [
  ["the first entry", "quantization_config:\n  global_config:\n    op_state_spec: {weight: {dtype: int4}}\n", "detector",
    "quantization_config:\n  global_config:\n    op_state_spec: {weight: {dtype: int4}}\n  module_name_configs:\n    detector: null\n"],
  ["behind other entries, as the last one wins", "quantization_config:\n    module_name_configs:\n        a: null\n        'b\\.c':\n            op_state_spec: null\n    global_config: null\n", "a.0",
    "quantization_config:\n    module_name_configs:\n        a: null\n        'b\\.c':\n            op_state_spec: null\n        'a\\.0': null\n    global_config: null\n"],
  ["entries in braces", "quantization_config:\n  module_name_configs: {a: null}\n", "b", "quantization_config:\n  module_name_configs: {a: null, b: null}\n"],
  ["empty braces", "quantization_config:\n  module_name_configs: {}\n", "b", "quantization_config:\n  module_name_configs: {b: null}\n"],
  ["entries that are null", "quantization_config:\n  module_name_configs: null  # none\n  global_config: null\n", "b",
    "quantization_config:\n  module_name_configs:\n    b: null\n  global_config: null\n"],
  ["several configurations, one of them off", "compat: coreai\nmagnitude_pruning_config:\n  global_config: {}\n\n# palettes\nkmeans_palettization_config:\n  global_config: {}\nquantization_config: null\n", "b",
    "compat: coreai\nmagnitude_pruning_config:\n  global_config: {}\n  module_name_configs:\n    b: null\n\n# palettes\nkmeans_palettization_config:\n  global_config: {}\n  module_name_configs:\n    b: null\nquantization_config: null\n"],
]) test(`a configuration gets ${what}`, () => assert.equal(config(before, path).config, after));

for (const [before, after] of [
  ["decompose,w4", 'decompose,w4{ignore="b.*"}'],
  ["w4{group=32}, pack", 'w4{group=32, ignore="b.*"}, pack'],
  ['w4{ignore="a.*"},fuse', 'w4{ignore=["a.*", "b.*"]},fuse'],
  ['decompose,pal4{ignore=["a.*", "c.*"], group=8}', 'decompose,pal4{ignore=["a.*", "c.*", "b.*"], group=8}'],
]) test(`without a configuration ${before} ignores the module`, () => assert.equal(leaveOut({ passes: before, config: "" }, "b").passes, after));

for (const [build, path, want] of [
  [{ passes: "decompose,w4", config: "" }, "", /in no module/],
  [{ passes: "decompose,fuse", config: "" }, "b", /nothing is compressed/],
  [{ passes: 'w4{ignore="b.*"}', config: "" }, "b", /left out already/],
  [{ passes: "", config: '{"quantization_config": {}}' }, "b", /only you can edit/],
  [{ passes: "", config: "quantization_config:\n  module_name_configs:\n    b: null\n" }, "b", /left out already/],
]) test(`what cannot be done is said: ${want}`, () => assert.match(leaveOut(build, path), want));
