// How a module is left out of compression: by an entry in the configuration, whose text the user goes on editing, or by an option of
// the passes. docs/recipes.md and docs/passes.md describe the two.

/** Build is how a model is made of its file. */
export interface Build {
  passes: string;
  config: string; // YAML; empty for none
}

/** compresses reports a build with compressed weights. */
export const compresses = (build: Build): boolean => build.config.trim() !== "" || build.passes.search(compressing) >= 0;

/** leaveOut is the build that leaves a module as it is, or why there is none. */
export function leaveOut(build: Build, path: string): Build | string {
  if (path === "") return "the selection is in no module that could be left out";
  if (build.config.trim() === "") {
    const passes = ignoring(build.passes, path);
    if (passes !== build.passes) return { ...build, passes };
    return compresses(build) ? `${path} is left out already` : "nothing is compressed here: open the model with a configuration first";
  }
  const config = disabling(build.config, path);
  if (config === undefined) return "the configuration is written in a way that only you can edit: add the module to module_name_configs";
  return config === build.config ? `${path} is left out already` : { ...build, config };
}

const compressing = /\b(w[2-8]|fp8|mxfp4|quantize|palettize|pal[1-8]|sparsify|gptq|compress|auto)(\{[^}]*\})?(?=\s*(,|$))/g;

/** ignoring adds a module to what the compressing passes of a pipeline leave alone. */
function ignoring(passes: string, path: string): string {
  const own = `"${path}.*"`;
  return passes.replace(compressing, (all, name: string, options = "{}") => {
    if (options.includes(own)) return all;
    if (/\bignore=\[/.test(options)) return name + options.replace(/\bignore=\[([^\]]*)/, (_: string, list: string) => `ignore=[${list ? list + ", " : ""}${own}`);
    if (/\bignore=/.test(options)) return name + options.replace(/\bignore=("[^"]*"|[^,}\s]+)/, `ignore=[$1, ${own}]`);
    return `${name}{${options === "{}" ? "" : options.slice(1, -1) + ", "}ignore=${own}}`;
  });
}

const indentOf = (line: string): number => line.length - line.trimStart().length;
const isCode = (line: string): boolean => /^\s*[^\s#]/.test(line);

/** disabling adds `module_name_configs: {path: null}` to each configuration of a text; undefined where that has another form than lines. */
function disabling(text: string, path: string): string | undefined {
  const lines = text.trimEnd().split("\n");
  const pattern = path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const entry = `${/^\w+$/.test(pattern) ? pattern : `'${pattern}'`}: null`;
  const heads = lines.flatMap((line, i) => (/^\w+_config\s*:/.test(line) && !/:\s*(null|~)\s*(#.*)?$/.test(line) ? [i] : []));
  for (const head of heads.reverse()) if (!/:\s*(#.*)?$/.test(lines[head]!) || !addTo(lines, head, entry)) return undefined;
  return heads.length === 0 ? undefined : lines.join("\n") + "\n";
}

/** blockEnd is behind the last line that lies deeper than a head. */
function blockEnd(lines: readonly string[], head: number): number {
  let end = head + 1;
  for (let i = head + 1; i < lines.length; i++) {
    if (!isCode(lines[i]!)) continue;
    if (indentOf(lines[i]!) <= indentOf(lines[head]!)) break;
    end = i + 1;
  }
  return end;
}

/** addTo adds an entry behind the others of one configuration, as the last one wins. It reports whether it could. */
function addTo(lines: string[], head: number, entry: string): boolean {
  const end = blockEnd(lines, head);
  const first = lines.slice(head + 1, end).find(isCode);
  const pad = " ".repeat(first === undefined ? 2 : indentOf(first));
  const at = lines.findIndex((line, i) => i > head && i < end && line.startsWith(pad + "module_name_configs:"));
  if (at < 0) {
    lines.splice(end, 0, `${pad}module_name_configs:`, `${pad}  ${entry}`);
    return true;
  }
  const [, value] = /^[^:]*:\s*([^#]*?)\s*(?:#.*)?$/.exec(lines[at]!) ?? [];
  if (value === "" || value === "null" || value === "~") {
    const last = blockEnd(lines, at);
    const inner = lines.slice(at + 1, last).find(isCode);
    if (value !== "") lines[at] = `${pad}module_name_configs:`;
    if (lines[last - 1]!.trim() !== entry) lines.splice(last, 0, " ".repeat(inner === undefined ? pad.length + 2 : indentOf(inner)) + entry);
    return true;
  }
  const flow = /^(.*\{)(.*)(\}\s*)$/.exec(lines[at]!);
  if (flow && !flow[2]!.endsWith(entry)) lines[at] = flow[1]! + (flow[2]!.trim() ? flow[2]!.trimEnd() + ", " : "") + entry + flow[3]!;
  return flow !== null;
}
