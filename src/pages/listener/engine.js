// @ts-check
/// <reference lib="dom" />
// What plays a playlist in this browser: hls.js, or the browser itself.

import { resetAtBreaks } from "../time_breaks.js";
import { HeadStart } from "./head_start.js";
import { PATIENCE_MS } from "./listening.js";

/** @typedef {import("./listening.js").Engine} Engine */
/** @typedef {(audio: HTMLAudioElement, onFailed: () => void) => Engine} OpenEngine */
/** @typedef {{ native: boolean, open: OpenEngine }} FoundEngine */

/** How far behind the newest audio it plays, in seconds, so that a short outage is not heard … */
const DISTANCE_S = 6;
/** … or the least that any player needs, in target durations (RFC 8216 6.3.3), if that is more. */
const TARGETS_BEHIND = 3;
/**
 * Which part of that distance has to be loaded before it sounds; the server has not made the rest
 * yet. It is less than a whole number of segments, because a listener may begin a few frames inside
 * the first segment.
 */
const ENOUGH = 0.6;
/** A server that does not answer may be back soon, and what is loaded lasts only for seconds. */
const RETRY = {
  maxNumRetry: Infinity,
  retryDelayMs: 500,
  maxRetryDelayMs: 500,
  /** @type {(...args: [unknown, unknown, unknown, { code?: number } | undefined, boolean]) => boolean} */
  shouldRetry: (_config, _count, _isTimeout, response, retry) => retry || response?.code === 0,
};
const LOAD = {
  default: {
    maxTimeToFirstByteMs: 8000,
    maxLoadTimeMs: 16_000,
    timeoutRetry: RETRY,
    errorRetry: RETRY,
  },
};

/**
 * Finds out how this browser plays a playlist: with hls.js where that works, else by itself, as
 * iPhones do.
 * @param {string} playlist the playlist's URL
 * @param {string} library the URL of hls.js
 * @returns {Promise<FoundEngine>}
 */
export async function findEngine(playlist, library) {
  const native = { native: true, open: openNative(playlist) };
  if (!("MediaSource" in globalThis)) return native;
  const { default: Hls } = await import(library);
  if (!Hls.isSupported()) return native;
  return { native: false, open: openHls(playlist, Hls) };
}

/**
 * @param {string} playlist
 * @returns {OpenEngine}
 */
function openNative(playlist) {
  return (audio) => {
    audio.src = playlist;
    return {
      get playingAt() {
        return startOf(audio) + audio.currentTime * 1000 || undefined;
      },
      destroy() {
        audio.removeAttribute("src");
        audio.load();
      },
    };
  };
}

/**
 * The wall time of an element's second 0, in milliseconds; NaN where the browser cannot tell.
 * @param {HTMLAudioElement & { getStartDate?: () => Date }} audio
 */
function startOf(audio) {
  return audio.getStartDate?.().getTime() ?? NaN;
}

/**
 * @param {string} playlist
 * @param {any} Hls
 * @returns {OpenEngine}
 */
function openHls(playlist, Hls) {
  return (audio, onFailed) => new HlsEngine(Hls, playlist, audio, onFailed);
}

class HlsEngine {
  patienceMs = PATIENCE_MS;
  #hls;
  #headStart;

  /**
   * @param {any} Hls
   * @param {string} playlist
   * @param {HTMLAudioElement} audio
   * @param {() => void} onFailed
   */
  constructor(Hls, playlist, audio, onFailed) {
    const hls = new Hls({
      // A worker would be loaded from a blob:, which is forbidden, and audio is little work.
      enableWorker: false,
      preferManagedMediaSource: false,
      lowLatencyMode: false,
      liveDurationInfinity: true,
      // Cues would need a track from a data:, which is forbidden. The page knows titles by itself.
      enableID3MetadataCues: false,
      enableEmsgMetadataCues: false,
      backBufferLength: 10,
      manifestLoadPolicy: LOAD,
      playlistLoadPolicy: LOAD,
      fragLoadPolicy: LOAD,
    });
    this.#hls = hls;
    this.#headStart = new HeadStart(audio);
    this.#followPlaylist(Hls.Events, onFailed);
    // After an outage, what was loaded before has been played.
    resetAtBreaks(hls, Hls.Events, () => this.#headStart.hold());
    hls.on(Hls.Events.FRAG_BUFFERED, () => this.#headStart.check());
    /** @param {string} _ @param {{ fatal: boolean }} error */
    const onError = (_, { fatal }) => {
      if (fatal) queueMicrotask(onFailed);
    };
    hls.on(Hls.Events.ERROR, onError);
    hls.loadSource(playlist);
    hls.attachMedia(audio);
  }

  /** @returns {number | undefined} */
  get playingAt() {
    return this.#hls.playingDate?.getTime();
  }

  destroy() {
    this.#hls.destroy();
    this.#headStart.end();
  }

  /** @param {any} Events @param {() => void} onFailed */
  #followPlaylist(Events, onFailed) {
    const headStart = this.#headStart;
    let first = true;
    /** @param {string} _ @param {{ levels: { details?: { targetduration: number } }[] }} data */
    const onOpened = (_, { levels }) => {
      // This comes before hls.js decides where to begin.
      if (levels[0]?.details !== undefined) this.#keepDistance(levels[0].details.targetduration);
    };
    /** @param {string} _ @param {{ details: { live: boolean, targetduration: number } }} data */
    const onLoaded = (_, { details }) => {
      this.#keepDistance(details.targetduration);
      // A show that is over would be played again from its start.
      if (first && !details.live) queueMicrotask(onFailed);
      first = false;
      if (!details.live) headStart.complete();
    };
    this.#hls.on(Events.MEDIA_ATTACHED, () => headStart.hold());
    this.#hls.on(Events.MANIFEST_LOADED, onOpened);
    this.#hls.on(Events.LEVEL_LOADED, onLoaded);
  }

  /** @param {number} targetduration in seconds */
  #keepDistance(targetduration) {
    const hls = this.#hls;
    const distanceS = Math.max(DISTANCE_S, TARGETS_BEHIND * targetduration);
    if (hls.targetLatency !== distanceS) hls.targetLatency = distanceS;
    this.#headStart.enoughS = distanceS * ENOUGH;
    this.patienceMs = Math.max(PATIENCE_MS, (distanceS + targetduration) * 1000);
  }
}
