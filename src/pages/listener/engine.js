// @ts-check
/// <reference lib="dom" />
// What plays a source in this browser: hls.js, or the browser itself.

import { HlsEngine } from "./hls_engine.js";

/** @typedef {import("./listening.js").Engine} Engine */
/** @typedef {import("./show.js").ShownTitle} ShownTitle */
/** @typedef {import("./sources.js").Source} Source */

/**
 * What an engine tells: that it cannot go on; that the server has no room for low latency; a title that the playlist or a segment has, mostly
 * before it is heard; how many milliseconds the server took for an answer.
 * @typedef {object} EngineEvents
 * @property {() => void} onFailed
 * @property {() => void} onRefused
 * @property {(title: ShownTitle) => void} onTitle
 * @property {(ms: number) => void} onAnswer
 */
/** @typedef {(audio: HTMLAudioElement, source: Source, events: EngineEvents) => Engine} OpenEngine */
/** @typedef {{ native: boolean, open: OpenEngine }} FoundEngine */

/**
 * Finds out how this browser plays a playlist: with hls.js where that works, else by itself, as
 * iPhones do.
 * @param {string} library the URL of hls.js
 * @returns {Promise<FoundEngine>}
 */
export async function findEngine(library) {
  const native = { native: true, open: openNative };
  if (!("MediaSource" in globalThis)) return native;
  const { default: Hls } = await import(library);
  if (!Hls.isSupported()) return native;
  return {
    native: false,
    open: (audio, source, events) => new HlsEngine(Hls, audio, source, events),
  };
}

/** @type {OpenEngine} */
function openNative(audio, { playlist, from }) {
  const opened = new AbortController();
  if (from !== undefined) {
    audio.addEventListener("loadedmetadata", () => {
      const position = (from - startOf(audio)) / 1000;
      if (position > 0) audio.currentTime = position;
    }, { once: true, signal: opened.signal });
  }
  audio.src = playlist;
  return {
    get playingAt() {
      return startOf(audio) + audio.currentTime * 1000 || undefined;
    },
    destroy() {
      opened.abort();
      audio.removeAttribute("src");
      audio.load();
    },
  };
}

/**
 * The wall time of an element's second 0, in milliseconds; NaN where the browser cannot tell.
 * @param {HTMLAudioElement & { getStartDate?: () => Date }} audio
 */
function startOf(audio) {
  return audio.getStartDate?.().getTime() ?? NaN;
}
