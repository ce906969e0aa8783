import { browserKeys, keyMap } from "../keys";
import { Modal } from "./Modal";

const shown = (key: string): string => key.replace("Mod+", "Ctrl ").replace("Alt+", "Alt ").replace("ArrowDown", "↓").replace("ArrowUp", "↑").replace("ArrowRight", "→").replace("ArrowLeft", "←");

export function HelpDialog() {
  const rows: [string[], string][] = [...keyMap.map((k): [string[], string] => [k.keys, k.doc]), ...browserKeys.map(([k, doc]): [string[], string] => [[k], doc])];
  return (
    <Modal title="Keyboard">
      <table class="keys">
        <tbody>
          {rows.map(([keys, doc]) => (
            <tr key={doc}>
              <th scope="row">{keys.map((k) => <kbd key={k}>{shown(k)}</kbd>)}</th>
              <td>{doc}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
