import { computed, effect, signal } from "@preact/signals";
import { post } from "./api";
import { Scene, lookOf, type View } from "./scene";
import { ofModel, open, theme, toggle, tree } from "./state";
import type { SceneColumns } from "./wire";

// What the picture of the structure shows: the map draws it, too.

/** scene is the layout that is drawn. */
export const scene = signal<Scene | undefined>(undefined);
/** view is the part of it that is seen. */
export const view = signal<View>({ x: 20, y: 20, zoom: 1 });
/** failure says why there is no layout. */
export const failure = signal("");
/** look is read once for each theme: it takes longer than drawing does. */
export const look = computed(() => (void theme.value, lookOf(document.body)));

// The layout follows what is open. What was clicked stays where it is. Of several answers under way, that to the last question counts.
let anchor: number | undefined;
let asked = 0;
effect(() => {
  const t = tree.value;
  const list = [...open.value].sort((a, b) => a - b);
  if (!t) {
    asked++;
    scene.value = undefined;
    return;
  }
  const question = ++asked;
  post<SceneColumns>(ofModel("scene"), list).then((got) => {
    if (question !== asked) return;
    const next = new Scene(got);
    const before = scene.value?.shown(t, anchor);
    const after = next.shown(t, anchor);
    if (before && after && before.node === after.node) view.value = { ...view.value, x: view.value.x + before.x - after.x, y: view.value.y + before.y - after.y };
    failure.value = "";
    scene.value = next;
  }, (e: Error) => question === asked && (failure.value = e.message));
});

/** unfoldAt opens or closes a box without moving it. */
export function unfoldAt(at: number): void {
  anchor = at;
  toggle(at);
}

/** least is how far out zooming goes. */
export const least = 0.02;
const most = 3;

/** zoomBy zooms around a place of the pane. */
export function zoomBy(factor: number, x: number, y: number): void {
  const v = view.value;
  const zoom = Math.min(Math.max(v.zoom * factor, least), most);
  view.value = { zoom, x: v.x + x / zoom - x / v.zoom, y: v.y + y / zoom - y / v.zoom };
}
