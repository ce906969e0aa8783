// Other builds of the model that is shown: with other passes, another configuration, or a module left out of compression.
import { computed, effect, signal } from "@preact/signals";
import { post } from "./api";
import { compareAgain } from "./comparisons";
import { leaveOut, type Build } from "./recipe";
import { dialog, go, model, modelID, node, notice, tree } from "./state";
import { shownPoints } from "./verdicts";
import type { Begun } from "./wire";

/** shownBuild is how the model that is shown was made. */
export const shownBuild = computed<Build>(() => ({ passes: model.value.data?.passes ?? "", config: model.value.data?.config ?? "" }));

/** draft is what the dialog begins with, and why it is shown if the user has not asked for it. */
export const draft = signal<{ build: Build; problem: string } | undefined>(undefined);

// What was selected is selected in the next model, too, where that has something of the name.
const lost = signal("");
effect(() => {
  const t = tree.value;
  if (lost.value === "" || !t || node.value !== undefined || modelID.value !== model.value.data?.id) return;
  const found = t.find(lost.value);
  lost.value = "";
  if (found !== undefined) go({ v: found }, true);
});

/** openBuild opens the file of the model that is shown once more, and shows it. It gives its name. */
export async function openBuild(build: Build, configName?: string): Promise<string> {
  const { id } = await post<Begun>("/api/models", { model: modelID.value, ...build, config_name: configName });
  const name = node.value === undefined ? "" : tree.value!.name(node.value);
  go({ m: id, f: undefined, v: undefined, r: undefined });
  lost.value = name;
  return id;
}

/** nameWithout is the name of a configuration that leaves a module out, too. */
const nameWithout = (name: string, path: string): string => (name ? `${name.slice(name.lastIndexOf("/") + 1)}${name.includes(" without ") ? "," : " without"} ${path}` : `without ${path}`);

/** leaveModuleOut opens a build in which the module of the selection is not compressed, and compares it as the one before was. */
export async function leaveModuleOut(): Promise<void> {
  const path = node.value === undefined ? "" : tree.value!.path(node.value);
  if (path === "") return void (notice.value = "Select a module, or something in one, to leave that out of compression");
  const build = leaveOut(shownBuild.value, path);
  try {
    if (typeof build === "string") throw new Error(build);
    notice.value = `Opening the model with ${path} left as it is …`;
    const before = shownPoints.value;
    const id = await openBuild(build, build.config ? nameWithout(model.value.data?.config_name ?? "", path) : undefined);
    if (before) compareAgain(before, id);
  } catch (problem) {
    draft.value = { build: typeof build === "string" ? shownBuild.value : build, problem: (problem as Error).message };
    dialog.value = "passes";
  }
}
