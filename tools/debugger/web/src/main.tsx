import { render } from "preact";
import { fresh } from "./api";
import { watchJobs } from "./events";
import { listenToKeys } from "./keys";
import { App } from "./parts/App";
import { about } from "./state";
import type { About } from "./wire";
import "./style.css";

render(<App />, document.body);
watchJobs();
listenToKeys();
void fresh<About>("/api/about").then((got) => (about.value = got));
