// @ts-check
/// <reference lib="dom" />

import { HeadStart } from "./head_start.js";

/** @typedef {import("./listening.js").Engine} Engine */
/** @typedef {(audio: HTMLAudioElement, onFailed: () => void) => Engine} OpenEngine */
/** @typedef {{ native: boolean, open: OpenEngine }} FoundEngine */

const RETRY = { maxNumRetry: 6, retryDelayMs: 500, maxRetryDelayMs: 4000 };
/** Segments behind the newest: what is loaded then bridges a restart of the server. */
const SEGMENTS_BEHIND = 6;
const LOAD = {
  default: {
    maxTimeToFirstByteMs: 8000,
    maxLoadTimeMs: 16_000,
    timeoutRetry: RETRY,
    errorRetry: RETRY,
  },
};

/**
 * How this browser plays a playlist: by hls.js where that can work, else by itself, as iPhones do.
 * @param {string} playlist its URL
 * @param {string} library hls.js's
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
 * @param {any} Hls
 * @returns {OpenEngine}
 */
function openHls(playlist, Hls) {
  return (audio, onFailed) => {
    const hls = new Hls({
      // A worker would come from a blob:, and audio alone is little work.
      enableWorker: false,
      preferManagedMediaSource: false,
      lowLatencyMode: false,
      liveDurationInfinity: true,
      liveSyncDurationCount: SEGMENTS_BEHIND,
      backBufferLength: 10,
      manifestLoadPolicy: LOAD,
      playlistLoadPolicy: LOAD,
      fragLoadPolicy: LOAD,
    });
    const headStart = new HeadStart(audio);
    let first = true;
    /** @param {string} _ @param {{ details: { live: boolean } }} data */
    const onLoaded = (_, { details }) => {
      // A show that is over is not to be heard again from the start.
      if (first && !details.live) queueMicrotask(onFailed);
      first = false;
      if (!details.live) headStart.complete();
    };
    hls.on(Hls.Events.MEDIA_ATTACHED, () => headStart.hold());
    hls.on(Hls.Events.FRAG_BUFFERED, () => headStart.check());
    hls.on(Hls.Events.LEVEL_LOADED, onLoaded);
    hls.on(Hls.Events.ERROR, (/** @type {string} */ _, /** @type {{ fatal: boolean }} */ error) => {
      if (error.fatal) queueMicrotask(onFailed);
    });
    hls.loadSource(playlist);
    hls.attachMedia(audio);
    return {
      destroy() {
        hls.destroy();
        headStart.end();
      },
    };
  };
}

/**
 * @param {string} playlist
 * @returns {OpenEngine}
 */
function openNative(playlist) {
  return (audio) => {
    audio.src = playlist;
    return {
      destroy() {
        audio.removeAttribute("src");
        audio.load();
      },
    };
  };
}
