// @ts-check
/// <reference lib="dom" />
// The script of the page on which a broadcast is heard: it connects the parts of the page.

import { findEngine } from "./engine.js";
import { Listening } from "./listening.js";
import { Meter } from "./meter.js";
import { Polling } from "./polling.js";
import { renderPlayed } from "./played.js";
import { formatElapsed, Show } from "./show.js";
import { setUpSharing } from "./share.js";
import { Titles } from "./titles.js";
import { setUpVolume } from "./volume.js";

/** @typedef {import("./show.js").ShowStatus} ShowStatus */

const STARTING_POLL_MS = 400;
const WAITING_POLL_MS = 1000;
/** With caches, a title has to be here before it is heard, which is 6 s after the server has it. */
const PLAYING_POLL_MS = 3000;
const CHECK_MS = 1000;

const main = element("player");
const play = element("play");
/** @type {Record<string, string>} */
const labels = { ...JSON.parse(main.dataset.labels ?? "{}"), unreachable: "No connection" };
const show = new Show(JSON.parse(main.dataset.status ?? "{}"));
const titles = new Titles();
titles.update(show.status);
let audio = /** @type {HTMLAudioElement} */ (element("audio"));

/** @type {import("./engine.js").FoundEngine | "loading" | "failed"} */
let engine = "loading";

const listening = new Listening(audio, {
  open(audio, onFailed) {
    if (typeof engine === "string") throw new Error(`Cannot play: the player is ${engine}`);
    return engine.open(audio, onFailed);
  },
});
const volume = setUpVolume(audio);
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
    return isCalm ? PLAYING_POLL_MS : WAITING_POLL_MS;
  },
  onAnswer(status) {
    show.update(status);
    titles.update(show.status);
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
}

function render() {
  const { status, reachable } = show;
  const state = reachable ? status.state : "unreachable";
  const { phase } = listening;
  main.dataset.state = state;
  main.dataset.phase = phase;
  write("state", labels[state]);
  write("listeners", String(status.listeners));
  write("message", messageOf(state, phase));
  element("facts").classList.toggle("absent", status.started_at === null);
  renderElapsed();
  play.setAttribute("aria-label", `${listening.wanted ? "Stop" : "Listen to"} ${status.name}`);
  meter.active = phase === "playing";
  renderTitles();
}

/** Shows a title once it is heard. */
function renderTitles() {
  const { status, reachable } = show;
  const isPlaying = listening.phase === "playing";
  const heard = titles.heard(isPlaying ? listening.playingAt ?? Infinity : Infinity);
  const { title, artist } = isPlaying ? heard.now : status;
  write("title", title ?? status.name);
  write("artist", artist ?? "");
  write("name", title === null ? "" : status.name);
  const heading = [title ?? status.name, artist].filter((text) => text !== null).join(" · ");
  const label = labels[reachable ? status.state : "unreachable"];
  document.title = `${isPlaying ? "▶ " : ""}${heading} · ${label}`;
  renderPlayed(isPlaying || status.state !== "off-air" ? heard.before : []);
  renderMediaSession(title ?? status.name, artist);
}

function renderElapsed() {
  const seconds = show.elapsedSeconds;
  write("elapsed", seconds === undefined ? "–" : formatElapsed(seconds));
  if (seconds === undefined) return;
  const since = new Date(Date.now() - seconds * 1000);
  write("since", `since ${since.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`);
}

/** @param {string} state @param {string} phase */
function messageOf(state, phase) {
  if (engine === "failed") return "The player could not be loaded. Press play to try again.";
  if (phase === "blocked") return "The browser asks you to press play once more.";
  if (state === "unreachable") return "No connection. It goes on by itself.";
  if (state === "reconnecting") return "The DJ's connection is lost. Stay tuned.";
  if (phase === "connecting" || phase === "waiting") {
    if (state === "on-air") return "Connecting …";
    return "It starts by itself as soon as the show begins.";
  }
  if (phase === "stopped" && state === "off-air") return "Press play, and you hear the next show.";
  return "";
}

/** @type {string | undefined} */
let announced;

/** @param {string} title @param {string | null} artist */
function renderMediaSession(title, artist) {
  if (!("mediaSession" in navigator)) return;
  const { name } = show.status;
  navigator.mediaSession.playbackState = listening.wanted ? "playing" : "none";
  const what = JSON.stringify([title, artist, name]);
  if (what === announced) return;
  announced = what;
  const src = new URL(main.dataset.artwork ?? "", location.href).href;
  navigator.mediaSession.metadata = new MediaMetadata({
    title,
    artist: artist ?? (title === name ? "Live" : name),
    artwork: [{ src, sizes: "512x512", type: "image/png" }],
  });
}

function setUpMediaSession() {
  if (!("mediaSession" in navigator)) return;
  navigator.mediaSession.setActionHandler("play", begin);
  navigator.mediaSession.setActionHandler("pause", () => listening.stop());
  navigator.mediaSession.setActionHandler("stop", () => listening.stop());
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const { target } = event;
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const inUse = target instanceof Element && target.closest("input, textarea, dialog, a") !== null;
  if (!isPlain || inUse) return;
  const onButton = target instanceof Element && target.closest("button") !== null;
  if (event.key === " " && !onButton && !event.repeat) toggle();
  else if (event.key === "ArrowUp") volume.change(5);
  else if (event.key === "ArrowDown") volume.change(-5);
  else if (event.key === "m") volume.mute();
  else return;
  event.preventDefault();
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
play.addEventListener("click", toggle);
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", wake);
globalThis.addEventListener("online", wake);
globalThis.addEventListener("pageshow", (event) => {
  if (event instanceof PageTransitionEvent && event.persisted) wake();
});
setInterval(() => {
  listening.check();
  if (listening.wanted) meter.check();
  renderElapsed();
}, CHECK_MS);
watchAudio();
setUpMediaSession();
setUpSharing(show.status.name);
render();
polling.now();

const library = new URL(main.dataset.hls ?? "", location.href).href;
engine = await findEngine("playlist.m3u8", library).catch(() => "failed");
// Where the browser plays HLS by itself, the sound cannot be measured everywhere.
main.toggleAttribute("data-unmeasured", typeof engine !== "string" && engine.native);
if (engine === "failed") listening.stop();
else listening.show(show.status.state);
render();
