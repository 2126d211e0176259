// @ts-check
/// <reference lib="dom" />
// The script of the operator's dashboard: it shows what the server tells by its events.

import { Alarm } from "./alarm.js";
import { Band } from "./band.js";
import { EventList } from "./event_list.js";
import { FleetSections } from "./fleet.js";
import { bytes, count, duration } from "./format.js";
import { LiveEvents } from "./live.js";
import { Plots } from "./plots.js";
import { PublishDialog } from "./publish.js";
import { Recordings } from "./recordings.js";
import { Reports } from "./reports.js";
import { Sessions } from "./sessions.js";
import { element, setText } from "./table.js";
import { isNearlyFull, NOT_CONNECTED, tabTitle, troublesOf } from "./troubles.js";

const publish = new PublishDialog();
const sessions = new Sessions((name) => publish.open(name));
const plots = new Plots();
const recordings = new Recordings();
const fleet = new FleetSections();
new Reports();
const events = new EventList();
const band = new Band((id) => sessions.open(id));
const alarm = new Alarm();
let started = 0;
let isConnected = true;
/** What the last snapshot told of trouble. @type {import("./troubles.js").Trouble[]} */
let troubles = [];

new LiveEvents({
  box(box) {
    started = box.started;
    sessions.hls = box.hls;
    element("sign-out").hidden = !box.token;
    setText(element("fact-version"), box.version);
    if (box.recordings) recordings.start();
    if (box.fleet) fleet.start(box.hls);
  },
  history: (columns) => plots.restart(columns),
  sample: (sample) => plots.add(sample),
  snapshot(snapshot) {
    sessions.update(snapshot.sessions, snapshot.at);
    showFacts(snapshot);
    troubles = troublesOf({
      ...{ at: snapshot.at, sessions: sessions.all, history: plots.columns },
      ...{ problems: snapshot.problems, disks: snapshot.disks },
    });
    showTroubles();
  },
  log(event) {
    events.add(event);
    sessions.note(event);
    if (event.event.startsWith("record-")) recordings.refresh();
  },
}, (state) => {
  const connection = element("connection");
  connection.dataset["state"] = state;
  document.body.classList.toggle("lost", state === "lost");
  setText(connection, state === "live" ? "Live" : "Not connected: trying again");
  isConnected = state === "live";
  if (!isConnected) showTroubles();
});

const phone = matchMedia("(max-width: 52rem)");
phone.addEventListener("change", placeEvents);
placeEvents();
setText(element("host"), location.hostname);
document.title = tabTitle([], location.hostname);

/** On a phone, events come before tables: also for who goes by the keyboard, or by ear. */
function placeEvents() {
  const main = element("events").parentElement;
  main?.insertBefore(element("events"), phone.matches ? element("on-air") : null);
}

/** What was wrong before the connection was lost stays there. */
function showTroubles() {
  const all = isConnected ? troubles : [NOT_CONNECTED, ...troubles];
  band.show(all);
  alarm.hear(all);
  document.title = tabTitle(all, location.hostname);
}

/** @param {any} snapshot */
function showFacts({ at, load, memory, disks }) {
  const listeners = sessions.all.reduce((sum, session) => sum + session.listeners, 0);
  const onAir = sessions.all.filter(({ state }) => state === "publishing");
  setText(element("fact-sessions"), count(onAir.length));
  setText(element("fact-listeners"), count(listeners));
  const loads = [load.one, load.five, load.fifteen];
  setText(element("fact-load"), loads.map((value) => value.toFixed(2)).join(" "));
  setText(element("fact-memory"), `${memory.toFixed(0)} %`);
  setText(element("fact-uptime"), duration((at - started) / 1000));
  showDisks(Object.values(disks).filter((disk) => disk !== null));
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
  fact.classList.toggle("warning", isNearlyFull(fullest));
}
