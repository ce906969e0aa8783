import { signal } from "@preact/signals";
import { dialog, job, model, modelID } from "../state";
import { CompareDialog } from "./CompareDialog";
import { Failures, Header } from "./Header";
import { HelpDialog } from "./HelpDialog";
import { Inspector } from "./Inspector";
import { Navigator } from "./Navigator";
import { Notice } from "./Notice";
import { PassesDialog } from "./PassesDialog";
import { Profile } from "./Profile";
import { RunDialog } from "./RunDialog";
import { SearchDialog } from "./SearchDialog";
import { Source, sourceOpen } from "./Source";
import { Splitter } from "./Splitter";
import { Structure } from "./Structure";
import { Tabs } from "./Tabs";
import { Timeline } from "./Timeline";

export function App() {
  return (
    <>
      <Header />
      <Failures />
      {model.value.data ? (
        <main class="panes" data-model={model.value.data.id}>
          <Navigator />
          <Splitter name="left" label="Width of the navigator" />
          <Middle />
          <Splitter name="right" label="Width of the inspector" />
          <Inspector />
        </main>
      ) : (
        <main class="waiting"><p class="soft">{waiting()}</p></main>
      )}
      <Dialog />
      <Notice />
    </>
  );
}

/** waiting says why no model is shown. */
function waiting(): string {
  const status = job(modelID.value)?.status;
  if (status === "failed") return "The model could not be opened.";
  if (status === "cancelled") return "Opening the model was cancelled.";
  return model.value.error ?? "Opening the model …";
}

const views = { structure: "Structure", passes: "Passes", profile: "Profile" } as const;
const view = signal<keyof typeof views>("structure");

function Middle() {
  return (
    <div class={"middle" + (sourceOpen.value ? "" : " middle-tall")}>
      <section class="pane upper" aria-label="Structure">
        <div class="bar">
          <Tabs label="View" tabs={views} value={view.value} set={(to) => (view.value = to)} />
        </div>
        {view.value === "structure" && <Structure />}
        {view.value === "passes" && <Timeline />}
        {view.value === "profile" && <Profile />}
      </section>
      {sourceOpen.value ? <Splitter name="lower" label="Height of the source" /> : <span />}
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
