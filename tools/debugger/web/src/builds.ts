// Other builds of the model that is shown: with other passes, another configuration, or a module left out of compression.
import { computed, effect, signal } from "@preact/signals";
import { post } from "./api";
import { leaveOut, type Build } from "./recipe";
import { dialog, go, model, modelID, node, notice, tree } from "./state";
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

/** openBuild opens the file of the model that is shown once more, and shows it. */
export async function openBuild(build: Build): Promise<void> {
  const { id } = await post<Begun>("/api/models", { model: modelID.value, ...build });
  const name = node.value === undefined ? "" : tree.value!.name(node.value);
  go({ m: id, f: undefined, v: undefined, r: undefined });
  lost.value = name;
}

/** leaveModuleOut opens a build in which the module of the selection is not compressed. */
export async function leaveModuleOut(): Promise<void> {
  const path = node.value === undefined ? "" : tree.value!.path(node.value);
  const build = leaveOut(shownBuild.value, path);
  try {
    if (typeof build === "string") throw new Error(build);
    notice.value = `Opening the model with ${path} left as it is …`;
    await openBuild(build);
  } catch (problem) {
    draft.value = { build: typeof build === "string" ? shownBuild.value : build, problem: (problem as Error).message };
    dialog.value = "passes";
  }
}
