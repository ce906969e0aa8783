import { useEffect } from "preact/hooks";
import { notice } from "../state";

const shown = 6000; // milliseconds

/** Notice says what has happened, for a while, and reads it out to those who do not see the page. */
export function Notice() {
  const text = notice.value;
  useEffect(() => {
    if (text === "") return;
    const timer = setTimeout(() => (notice.value = ""), shown);
    return () => clearTimeout(timer);
  }, [text]);
  return <div class={"notice" + (text ? "" : " notice-none")} role="status">{text}</div>;
}
