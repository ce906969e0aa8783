import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { dialog } from "../state";
import { Icon } from "./Icon";

/** Modal is a dialog; the browser gives the focus to what has autofocus, keeps it in the dialog, and closes that on Escape. */
export function Modal({ title, wide, children }: { title: string; wide?: boolean; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const el = ref.current!;
    el.showModal();
    return () => {
      el.close(); // which gives the focus back, unless what had it goes, too
      setTimeout(() => document.activeElement === document.body && document.querySelector<HTMLElement>(".tree, .points")?.focus());
    };
  }, []);
  const close = (): void => void (dialog.value = "");
  return (
    <dialog
      ref={ref}
      class={wide ? "wide" : ""}
      aria-label={title}
      onCancel={(e) => (e.preventDefault(), close())}
      onClick={(e) => e.target === ref.current && close()}
    >
      <div class="dialog-head">
        <h2>{title}</h2>
        <button class="icon-button" aria-label="Close" onClick={close}><Icon name="close" /></button>
      </div>
      {children}
    </dialog>
  );
}
