import { useEffect, useState } from "preact/hooks";
import { fresh } from "../api";
import { dialog, go, ofModel, tree } from "../state";
import type { Found } from "../wire";
import { Modal } from "./Modal";
import { NodeText } from "./Navigator";

/** SearchDialog finds nodes by name, kind, module, shape and file:line. */
export function SearchDialog() {
  const [text, setText] = useState("");
  const [found, setFound] = useState<number[]>([]);
  const [at, setAt] = useState(0);
  useEffect(() => {
    let wanted = true;
    if (text.trim() === "") setFound([]);
    else fresh<Found>(ofModel("search", { q: text })).then((got) => wanted && (setFound(got.nodes), setAt(0)), () => wanted && setFound([]));
    return () => {
      wanted = false;
    };
  }, [text]);
  const take = (node: number | undefined): void => {
    if (node === undefined) return;
    go({ v: node });
    dialog.value = "";
  };
  const keys = (e: KeyboardEvent): void => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      setAt(Math.min(Math.max(at + (e.key === "ArrowDown" ? 1 : -1), 0), found.length - 1));
    } else if (e.key === "Enter") {
      e.preventDefault();
      take(found[at]);
    }
  };
  const t = tree.value;
  return (
    <Modal title="Search">
      <input
        class="search" autofocus role="combobox" aria-expanded={found.length > 0} aria-controls="found" aria-label="Search"
        aria-activedescendant={found.length > 0 ? "found" + at : undefined}
        placeholder="linear, encoder.layers.3, 1x256, decoder.py:118 …" value={text}
        onInput={(e) => setText(e.currentTarget.value)} onKeyDown={keys}
      />
      <ul id="found" role="listbox" aria-label="Found" class="found" tabIndex={found.length > 0 ? 0 : -1} onKeyDown={keys}>
        {t && found.map((node, i) => (
          <li key={node} id={"found" + i} role="option" aria-selected={i === at} onClick={() => take(node)}>
            <NodeText at={node} />
            <span class="row-path">{t.path(node)}</span>
            <span class="type">{t.isModule(node) ? "" : t.detail(node)}</span>
          </li>
        ))}
      </ul>
      {text.trim() !== "" && found.length === 0 && <p class="soft">Nothing has all of these words.</p>}
    </Modal>
  );
}
