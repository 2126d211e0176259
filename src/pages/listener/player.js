// @ts-check
/// <reference lib="dom" />
// The script of the page on which a broadcast is heard: it connects the parts of the page.

import { setUpArtwork } from "./artwork.js";
import { setUpDialog } from "./dialog.js";
import { findEngine } from "./engine.js";
import { renderFacts } from "./facts.js";
import { setUpKeys } from "./keys.js";
import { Listening } from "./listening.js";
import { setUpMediaSession } from "./media_session.js";
import { Meter } from "./meter.js";
import { setUpOthers } from "./others.js";
import { Polling } from "./polling.js";
import { renderPlayed } from "./played.js";
import { setUpSharing, sharedMoment } from "./share.js";
import { Show } from "./show.js";
import { Sources } from "./sources.js";
import { setUpTimeBar } from "./time_bar.js";
import { Titles } from "./titles.js";
import { setUpVolume } from "./volume.js";

/** @typedef {import("./show.js").ShowStatus} ShowStatus */

const STARTING_POLL_MS = 400;
const WAITING_POLL_MS = 1000;
/**
 * With caches, a title has to be here before it is heard, which is 6 s after the server has it. In
 * low latency the media tell it, if not to a browser that plays by itself.
 */
const PLAYING_POLL_MS = 3000;
const CHECK_MS = 1000;
/** A title that is heard sooner is waited for; the element tells rarely where it is. */
const SOON_MS = 1000;
/** From so many characters on, a title is in smaller letters. */
const LONG_TITLE = 60;

const main = element("player");
const play = element("play");
/** @type {Record<string, string>} */
const labels = { ...JSON.parse(main.dataset.labels ?? "{}"), unreachable: "No connection" };
const show = new Show(JSON.parse(main.dataset.status ?? "{}"));
const titles = new Titles();
titles.update(show.status);
const sources = new Sources();
sources.offer(show.status.low_latency, false);
let audio = /** @type {HTMLAudioElement} */ (element("audio"));

/** @type {import("./engine.js").FoundEngine | "loading" | "failed"} */
let engine = "loading";

const listening = new Listening(audio, {
  open(audio, onFailed) {
    if (typeof engine === "string") throw new Error(`Cannot play: the player is ${engine}`);
    return engine.open(audio, sources.open(), {
      onFailed,
      onRefused: () => sources.refused(),
      onTitle(title) {
        titles.tell(title);
        renderTitles();
      },
      onAnswer: (ms) => sources.answered(ms),
    });
  },
});
const volume = setUpVolume(audio);
const announce = setUpMediaSession({
  icon: main.dataset.icon ?? "",
  play: begin,
  pause: () => listening.pause(),
  stop: () => listening.stop(),
});
const artwork = setUpArtwork(() => renderTitles());
const renderOthers = setUpOthers({ name: show.status.name, labels });
const renderTimeBar = setUpTimeBar({
  onLive() {
    sources.goLive();
    begin();
  },
  onMove: (at) => sources.rewind(at, show.now),
});
const meter = new Meter(
  /** @type {HTMLElement} */ (play.parentElement),
  /** @type {HTMLCanvasElement} */ (element("meter")),
  replaceAudio,
);

/** @type {Polling<ShowStatus>} */
const polling = new Polling("status.json", {
  intervalMs() {
    if (document.hidden && !listening.wanted) return Infinity;
    if (listening.wanted && show.status.state === "starting") return STARTING_POLL_MS;
    const isCalm = listening.phase === "playing" && show.status.state === "on-air";
    const isSoonHeard = typeof engine !== "string" && engine.native && sources.kind === "low";
    return isCalm && !isSoonHeard ? PLAYING_POLL_MS : WAITING_POLL_MS;
  },
  onAnswer(status) {
    show.update(status);
    titles.update(show.status);
    sources.offer(show.status.low_latency, listening.phase === "connecting");
    if (status?.state === "off-air" && listening.phase !== "playing") sources.end();
    if (typeof engine !== "string") listening.show(status?.state);
    render();
  },
});

function toggle() {
  if (listening.wanted) listening.stop();
  else begin();
}

function begin() {
  if (engine === "failed") return location.reload();
  if (engine === "loading" || !engine.native) meter.unlock();
  // Also before the player is loaded: later the browser may no longer count the press.
  listening.start();
}

/** Puts a new element in the place of one whose sound Web Audio has silenced. */
function replaceAudio() {
  const fresh = document.createElement("audio");
  fresh.volume = audio.volume;
  fresh.muted = audio.muted;
  audio.replaceWith(fresh);
  audio = fresh;
  volume.control(fresh);
  watchAudio();
  listening.replace(fresh);
}

function watchAudio() {
  const heard = audio;
  heard.addEventListener("playing", () => {
    if (typeof engine !== "string" && !engine.native) meter.listen(heard);
  });
  heard.addEventListener("timeupdate", renderTitles);
  heard.addEventListener("ended", () => sources.end());
}

function render() {
  const { status, reachable } = show;
  const state = reachable ? status.state : "unreachable";
  const { phase } = listening;
  main.dataset.state = state;
  main.dataset.phase = phase;
  write("state", labels[state]);
  write("message", messageOf(state, phase));
  artwork.show(status.artwork ?? null);
  renderFacts(show);
  play.setAttribute("aria-label", `${listening.wanted ? "Stop" : "Listen to"} ${status.name}`);
  meter.active = phase === "playing";
  renderTitles();
  renderTime();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let titleTimer;

/** Shows a title once it is heard. */
function renderTitles() {
  const { status, reachable } = show;
  const isPlaying = listening.phase === "playing";
  const at = listening.playingAt ?? (isPlaying ? Infinity : undefined);
  const { now, before } = titles.heard(at ?? Infinity);
  const { title, artist } = at === undefined ? status : now;
  write("title", title ?? status.name);
  element("title").classList.toggle("long", (title ?? status.name).length > LONG_TITLE);
  write("artist", artist ?? "");
  write("name", title === null ? "" : status.name);
  const heading = [title ?? status.name, artist].filter((text) => text !== null).join(" · ");
  const label = labels[reachable ? status.state : "unreachable"];
  document.title = `${isPlaying ? "▶ " : ""}${heading} · ${label}`;
  renderPlayed(at !== undefined || status.state !== "off-air" ? before : []);
  announce({
    state: listening.wanted ? "playing" : listening.phase === "paused" ? "paused" : "none",
    title: title ?? status.name,
    artist: artist ?? (title === null ? "Live" : status.name),
    ...artwork.shown !== undefined && { artwork: artwork.shown },
  });
  clearTimeout(titleTimer);
  const untilNext = titles.untilNext(at ?? Infinity);
  if (isPlaying && untilNext < SOON_MS) titleTimer = setTimeout(renderTitles, untilNext + 1);
}

/** Shows where in the show the listener is. */
function renderTime() {
  const { from } = sources;
  renderTimeBar({
    now: show.now,
    at: listening.wanted ? listening.playingAt ?? from : from,
    begin: show.status.state === "off-air" ? undefined : show.rewindFrom,
    mostS: listening.distanceS * 1.5 + 1,
    isBehind: sources.isBehind,
  });
}

/** @param {string} state @param {string} phase */
function messageOf(state, phase) {
  if (engine === "failed") return "The player could not be loaded. Press play to try again.";
  if (phase === "blocked") return "The browser asks you to press play once more.";
  if (state === "unreachable") return "No connection. It goes on by itself.";
  if (state === "reconnecting" && sources.kind !== "rewind") {
    return "The DJ's connection is lost. Stay tuned.";
  }
  if (phase === "paused") return "Paused. Press play to go on.";
  if (phase === "connecting" || phase === "waiting") {
    if (state === "on-air") return "Connecting …";
    return "It starts by itself as soon as the show begins.";
  }
  if (phase === "stopped" && state === "off-air") return "Press play, and you hear the next show.";
  return "";
}

function wake() {
  if (document.hidden && !listening.wanted) return;
  polling.now();
  listening.wake();
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`Cannot find #${id}`);
  return found;
}

/** Writes only a text that has changed: screen readers would read the same text again. */
function write(/** @type {string} */ id, /** @type {string} */ text) {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

listening.addEventListener("phase", () => {
  if (!listening.wanted) meter.rest();
  render();
  polling.again();
});
listening.addEventListener("stall", () => sources.stalled());
listening.addEventListener("fail", () => sources.failed());
sources.addEventListener("change", () => {
  listening.reopen();
  render();
});
play.addEventListener("click", toggle);
document.addEventListener("visibilitychange", wake);
globalThis.addEventListener("online", wake);
globalThis.addEventListener("pageshow", (event) => {
  if (event instanceof PageTransitionEvent && event.persisted) wake();
});
setInterval(() => {
  listening.check();
  if (listening.phase === "playing") sources.plays(listening.playingAt);
  if (listening.wanted) meter.check();
  renderFacts(show);
  renderOthers(show.reachable && show.status.state === "off-air" && listening.phase !== "playing");
  renderTime();
}, CHECK_MS);
watchAudio();
setUpKeys({
  play: toggle,
  volume: (by) => volume.change(by),
  mute: () => volume.mute(),
  live() {
    if (!element("live").hidden) element("live").click();
  },
  help: setUpDialog("help", "help-open"),
});
setUpSharing(show.status.name, () => {
  return show.rewindFrom === undefined || !listening.wanted ? undefined : listening.playingAt;
});
const moment = sharedMoment();
if (moment !== undefined && show.rewindFrom !== undefined) sources.rewind(moment, show.now);
render();
polling.now();

const library = new URL(main.dataset.hls ?? "", location.href).href;
engine = await findEngine(library).catch(() => "failed");
// Where the browser plays HLS by itself, the sound cannot be measured everywhere.
main.toggleAttribute("data-unmeasured", typeof engine !== "string" && engine.native);
if (engine === "failed") listening.stop();
else listening.show(show.status.state);
render();
