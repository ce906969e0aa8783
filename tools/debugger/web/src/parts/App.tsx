import { signal } from "@preact/signals";
import { dialog, model, notice } from "../state";
import { CompareDialog } from "./CompareDialog";
import { Failure, Header } from "./Header";
import { HelpDialog } from "./HelpDialog";
import { Inspector } from "./Inspector";
import { Navigator } from "./Navigator";
import { PassesDialog } from "./PassesDialog";
import { Profile } from "./Profile";
import { RunDialog } from "./RunDialog";
import { SearchDialog } from "./SearchDialog";
import { Source } from "./Source";
import { Splitter } from "./Splitter";
import { Structure } from "./Structure";
import { Timeline } from "./Timeline";

export function App() {
  return (
    <>
      <Header />
      <Failure />
      {model.value.data ? (
        <main class="panes">
          <Navigator />
          <Splitter name="left" label="Width of the navigator" />
          <Middle />
          <Splitter name="right" label="Width of the inspector" />
          <Inspector />
        </main>
      ) : (
        <main class="waiting"><p class="soft">{model.value.error ?? "Opening the model …"}</p></main>
      )}
      <Dialog />
      <div class="hidden" aria-live="polite">{notice.value}</div>
    </>
  );
}

const views = { structure: "Structure", passes: "Passes", profile: "Profile" } as const;
const view = signal<keyof typeof views>("structure");

function Middle() {
  return (
    <div class="middle">
      <section class="pane upper" aria-label="Structure">
        <div class="bar">
          <div role="tablist" aria-label="View" class="tabs">
            {(Object.keys(views) as (keyof typeof views)[]).map((v) => (
              <button key={v} role="tab" aria-selected={view.value === v} onClick={() => (view.value = v)}>{views[v]}</button>
            ))}
          </div>
        </div>
        {view.value === "structure" && <Structure />}
        {view.value === "passes" && <Timeline />}
        {view.value === "profile" && <Profile />}
      </section>
      <Splitter name="lower" label="Height of the source" />
      <Source />
    </div>
  );
}

function Dialog() {
  switch (dialog.value) {
    case "run":
      return <RunDialog />;
    case "compare":
      return <CompareDialog />;
    case "passes":
      return <PassesDialog />;
    case "search":
      return <SearchDialog />;
    case "help":
      return <HelpDialog />;
    default:
      return null;
  }
}
