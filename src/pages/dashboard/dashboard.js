// @ts-check
/// <reference lib="dom" />
// The script of the operator's dashboard: it shows what the server tells by its events.

import { EventList } from "./event_list.js";
import { bytes, count, duration } from "./format.js";
import { LiveEvents } from "./live.js";
import { Plots } from "./plots.js";
import { PublishDialog } from "./publish.js";
import { Recordings } from "./recordings.js";
import { Sessions } from "./sessions.js";
import { element, setText } from "./table.js";

/** Where less than this part of a disk is free, the dashboard warns. */
const LITTLE_SPACE = 0.1;

const sessions = new Sessions();
const plots = new Plots();
const recordings = new Recordings();
const events = new EventList();
new PublishDialog();
let started = 0;

new LiveEvents({
  box(box) {
    started = box.started;
    sessions.hls = box.hls;
    element("sign-out").hidden = !box.token;
    setText(element("fact-version"), box.version);
    if (box.recordings) recordings.start();
  },
  history: (columns) => plots.restart(columns),
  sample: (sample) => plots.add(sample),
  snapshot(snapshot) {
    sessions.update(snapshot.sessions, snapshot.at);
    showFacts(snapshot);
  },
  log(event) {
    events.add(event);
    if (event.event.startsWith("record-")) recordings.refresh();
  },
}, (state) => {
  const connection = element("connection");
  connection.dataset["state"] = state;
  document.body.classList.toggle("lost", state === "lost");
  setText(connection, state === "live" ? "Live" : "Not connected: trying again");
});

setText(element("host"), location.hostname);
document.title = `Echo – ${location.hostname}`;

/** @param {any} snapshot */
function showFacts({ at, load, memory, disks, problems, sessions: { fields, rows } }) {
  const column = (/** @type {string} */ field) => {
    const index = fields.indexOf(field);
    return rows.map((/** @type {any[]} */ row) => row[index]);
  };
  const listeners = column("listeners").reduce(
    (/** @type {number} */ sum, /** @type {number} */ some) => sum + some,
    0,
  );
  const onAir = column("state").filter((/** @type {string} */ state) => state === "publishing");
  setText(element("fact-sessions"), count(onAir.length));
  setText(element("fact-listeners"), count(listeners));
  const loads = [load.one, load.five, load.fifteen];
  setText(element("fact-load"), loads.map((value) => value.toFixed(2)).join(" "));
  setText(element("fact-memory"), `${memory.toFixed(0)} %`);
  setText(element("fact-uptime"), duration((at - started) / 1000));
  showDisks(Object.values(disks).filter((disk) => disk !== null));
  showProblems(problems);
}

/** @param {string[]} problems */
function showProblems(problems) {
  const list = element("problems");
  const shown = Array.from(list.children, (item) => item.textContent);
  list.hidden = problems.length === 0;
  // Screen readers read what is replaced, so it is not replaced by each snapshot.
  if (shown.join("\n") === problems.join("\n")) return;
  list.replaceChildren(...problems.map((problem) => {
    const item = document.createElement("li");
    item.textContent = problem;
    return item;
  }));
}

/**
 * Shows the free space of the fullest disk. Both folders are usually on the same one.
 * @param {{ free: number, size: number }[]} disks
 */
function showDisks(disks) {
  const [fullest] = disks.sort((a, b) => a.free / a.size - b.free / b.size);
  if (fullest === undefined) return;
  const fact = element("fact-disk");
  setText(fact, bytes(fullest.free));
  fact.classList.toggle("warning", fullest.free < fullest.size * LITTLE_SPACE);
}
