import { notice } from "../state";

/** TextTools take a text elsewhere: to the clipboard, or into a file. */
export function TextTools({ text, name }: { text: string; name: string }) {
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    notice.value = "Copied.";
  };
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    Object.assign(document.createElement("a"), { href: url, download: name }).click();
    URL.revokeObjectURL(url);
  };
  return (
    <span class="text-tools">
      <button type="button" disabled={text === ""} onClick={() => void copy()}>Copy</button>
      <button type="button" disabled={text === ""} onClick={save}>Save as {name}</button>
    </span>
  );
}
