import { about, connected, dialog, funcName, go, jobs, jobsOf, model, modelID, switchTheme } from "../state";
import { remove } from "../api";
import { dismiss, failures } from "../failures";
import { Icon, type IconName } from "./Icon";
import { JobSelect } from "./JobSelect";

export function Header() {
  const m = model.value.data;
  return (
    <header class="top">
      <h1>
        <svg viewBox="0 0 16 16" aria-hidden="true"><rect width="16" height="16" rx="4" /><path d="M4 11l4-7 4 7M5.5 9h5" /></svg>
        aiopt
      </h1>
      <JobSelect label="Model" jobs={jobsOf("m")} value={modelID.value} take={(m) => go({ m, f: undefined, v: undefined, r: undefined })} always />
      {m && m.funcs.length > 1 && (
        <select aria-label="Function" value={funcName.value} onChange={(e) => go({ f: e.currentTarget.value, v: undefined })}>
          {m.funcs.map((f) => <option key={f.name} value={f.name}>@{f.name}</option>)}
        </select>
      )}
      <Action icon="passes" text="Passes" to="passes" />
      <span class="rule" />
      <Action icon="run" text="Run" to="run" />
      <Action icon="compare" text="Compare" to="compare" />
      <span class="grow" />
      {!connected.value && <span class="problem" role="status">The server has gone.</span>}
      <Work />
      <button class="search-button" onClick={() => (dialog.value = "search")}>
        <Icon name="search" /> <span class="search-word">Search</span> <kbd>Ctrl K</kbd>
      </button>
      <button class="icon-button" aria-label="Switch between light and dark" title="Light or dark (t)" onClick={switchTheme}><Icon name="theme" /></button>
      <button class="icon-button" aria-label="Help and keyboard" title={`Keyboard (?) · aiopt ${about.value?.version ?? ""}`} onClick={() => (dialog.value = "help")}><Icon name="help" /></button>
    </header>
  );
}

function Action({ icon, text, to }: { icon: IconName; text: string; to: "run" | "compare" | "passes" }) {
  return (
    <button onClick={() => (dialog.value = to)} disabled={!model.value.data}>
      <Icon name={icon} /> {text}
    </button>
  );
}

/** Work shows what is going on. */
function Work() {
  const going = jobs.value.filter((j) => j.status === "running");
  if (going.length === 0) return null;
  return (
    <div class="work" role="group" aria-label="What is going on">
      {going.map((j) => (
        <span key={j.id} class="work-item" title={j.title}>
          <progress {...(j.total > 0 ? { value: j.done, max: j.total } : {})} aria-label={j.title} />
          <span class="soft">{j.what || "starting"}</span>
          <button class="icon-button" aria-label={`Cancel ${j.title}`} title={`Cancel ${j.title}`} onClick={() => void remove("/api/jobs/" + j.id)}><Icon name="close" /></button>
        </span>
      ))}
    </div>
  );
}

/** Failures show what could not be done, and why, until the user has seen it. */
export function Failures() {
  return (
    <>
      {failures.value.map((f) => (
        <div key={f.ids[0]} class="failure" role="alert">
          <div>
            <strong>{f.title}</strong>{f.ids.length > 1 && <span class="soft"> {f.ids.length} times</span>}
            <pre>{f.error}</pre>
          </div>
          <button class="icon-button" aria-label={`Dismiss the failure of ${f.title}`} onClick={() => dismiss(f.ids)}><Icon name="close" /></button>
        </div>
      ))}
    </>
  );
}
