// @ts-check
/// <reference lib="dom" />
// Plays a source with hls.js.

import { changeCodecs, withCodecChanges } from "../codec_changes.js";
import { resetAtBreaks } from "../time_breaks.js";
import { HeadStart } from "./head_start.js";
import { PATIENCE_MS } from "./listening.js";
import { titleOfId3, titlesOfDateRanges } from "./media_titles.js";

/** @typedef {import("./engine.js").EngineEvents} EngineEvents */
/** @typedef {import("./sources.js").Source} Source */

/**
 * As much of a playlist as is looked at, as hls.js has it. Times are in seconds, but for wall times,
 * which are in milliseconds since the epoch.
 * @typedef {object} Details
 * @property {boolean} live
 * @property {number} targetduration
 * @property {Record<string, any>} dateRanges
 * @property {readonly { start: number, duration: number, programDateTime: number | null }[]} fragments
 */
/** @typedef {{ loading: { start: number, end: number } }} Stats */

/**
 * How far behind the newest audio low latency is played, in seconds: a little more than the playlist
 * asks for (PART-HOLD-BACK), so that a busy machine is not heard.
 */
const LOW_DISTANCE_S = 1.4;
/** The same of the ordinary playlist, so that a short outage is not heard … */
const DISTANCE_S = 6;
/** … or the least that any player needs, in target durations (RFC 8216 6.3.3), if that is more. */
const TARGETS_BEHIND = 3;
/**
 * Which part of that distance has to be loaded before it sounds; the server has not made the rest
 * yet. It is less than a whole number of segments, because a listener may begin a few frames inside
 * the first segment.
 */
const ENOUGH = 0.6;
/** How many seconds of what was recorded have to be loaded before it sounds. */
const ENOUGH_RECORDED_S = 1;
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

/** What a server answers that has no room for another show in low latency: there is no use in trying again. */
const NO_ROOM = 503;
/** So often in a row while it plays: once says that what was waited for has not come. */
const MAX_REFUSED = 4;
/** @type {typeof RETRY.shouldRetry} */
const unlessRefused = (config, count, isTimeout, response, retry) =>
  response?.code !== NO_ROOM && RETRY.shouldRetry(config, count, isTimeout, response, retry);
const LOAD_LOW = {
  default: { ...LOAD.default, errorRetry: { ...RETRY, shouldRetry: unlessRefused } },
};

/** An engine that is hls.js. */
export class HlsEngine {
  patienceMs = PATIENCE_MS;
  distanceS = DISTANCE_S;
  #hls;
  #source;
  #events;
  #headStart;
  /** How often the server has refused low latency since it last gave a version. */
  #refused = 0;

  /**
   * @param {any} Hls
   * @param {HTMLAudioElement} audio
   * @param {Source} source
   * @param {EngineEvents} events
   */
  constructor(Hls, audio, source, events) {
    const hls = new Hls({
      ...withCodecChanges(Hls),
      // A worker would be loaded from a blob:, which is forbidden, and audio is little work.
      enableWorker: false,
      preferManagedMediaSource: false,
      lowLatencyMode: source.kind === "low",
      // Later is too late: hls.js has decided where to begin.
      ...source.kind === "low" && { liveSyncDuration: LOW_DISTANCE_S },
      autoStartLoad: source.from === undefined,
      liveDurationInfinity: true,
      // Cues would need a track from a data:, which is forbidden. The page reads titles by itself.
      enableID3MetadataCues: false,
      enableEmsgMetadataCues: false,
      enableDateRangeMetadataCues: false,
      backBufferLength: 10,
      manifestLoadPolicy: source.kind === "low" ? LOAD_LOW : LOAD,
      playlistLoadPolicy: LOAD,
      fragLoadPolicy: LOAD,
    });
    this.#hls = hls;
    this.#source = source;
    this.#events = events;
    this.#headStart = new HeadStart(audio);
    this.#followPlaylist(Hls.Events);
    this.#followSegments(Hls.Events);
    /** @param {string} _ @param {{ fatal: boolean, response?: { code?: number } }} error */
    const onError = (_, { fatal, response }) => {
      const isRefused = source.kind === "low" && response?.code === NO_ROOM;
      if (isRefused && (fatal || ++this.#refused === MAX_REFUSED)) {
        queueMicrotask(events.onRefused);
      } else if (fatal) this.#fail();
    };
    hls.on(Hls.Events.ERROR, onError);
    hls.loadSource(source.playlist);
    hls.attachMedia(audio);
  }

  /** @returns {number | undefined} */
  get playingAt() {
    return this.#hls.playingDate?.getTime();
  }

  /** Loads nothing more. */
  rest() {
    this.#hls.stopLoad();
  }

  destroy() {
    this.#hls.destroy();
    this.#headStart.end();
  }

  /** @param {any} Events */
  #followPlaylist(Events) {
    let first = true;
    /** @param {string} _ @param {{ levels: { details?: Details }[] }} data */
    const onOpened = (_, { levels }) => {
      const details = levels[0]?.details;
      if (details === undefined) return;
      // This comes before hls.js decides where to begin.
      this.#keepDistance(details);
      const { from } = this.#source;
      if (from !== undefined) this.#hls.startLoad(positionOf(from, details));
    };
    /** @param {string} _ @param {{ details: Details, stats?: Stats }} data */
    const onLoaded = (_, { details, stats }) => {
      this.#refused = 0;
      this.#keepDistance(details);
      this.#events.onAnswer(timeOf(stats));
      for (const title of titlesOfDateRanges(details.dateRanges)) this.#events.onTitle(title);
      // A show that is over would be played again from its start.
      if (first && !details.live && this.#source.kind !== "rewind") this.#fail();
      first = false;
      if (!details.live) this.#headStart.complete();
    };
    this.#hls.on(Events.MANIFEST_LOADED, onOpened);
    this.#hls.on(Events.LEVEL_LOADED, onLoaded);
  }

  /** @param {any} Events */
  #followSegments(Events) {
    const hls = this.#hls;
    const headStart = this.#headStart;
    hls.on(Events.MEDIA_ATTACHED, () => headStart.hold());
    changeCodecs(hls, Events);
    // After an outage, what was loaded before has been played.
    resetAtBreaks(hls, Events, () => headStart.hold());
    hls.on(Events.FRAG_BUFFERED, () => headStart.check());
    /** @param {string} _ @param {{ frag: { stats?: Stats } }} data */
    const onFragment = (_, { frag }) => this.#events.onAnswer(timeOf(frag.stats));
    hls.on(Events.FRAG_LOADED, onFragment);
    /**
     * @param {string} _
     * @param {{ frag: { start: number, programDateTime: number | null }, samples: { pts: number, data: Uint8Array }[] }} data
     */
    const onMetadata = (_, { frag: { start, programDateTime }, samples }) => {
      if (programDateTime === null) return;
      for (const { pts, data } of samples) {
        const at = new Date(programDateTime + (pts - start) * 1000).toISOString();
        const title = titleOfId3(data);
        if (title !== undefined) this.#events.onTitle({ ...title, at });
      }
    };
    hls.on(Events.FRAG_PARSING_METADATA, onMetadata);
  }

  /** @param {Details} details */
  #keepDistance({ targetduration }) {
    const hls = this.#hls;
    const { kind } = this.#source;
    const distanceS = kind === "low"
      ? LOW_DISTANCE_S
      : Math.max(DISTANCE_S, TARGETS_BEHIND * targetduration);
    if (kind === "ordinary" && hls.targetLatency !== distanceS) hls.targetLatency = distanceS;
    this.distanceS = distanceS;
    this.#headStart.enoughS = kind === "rewind" ? ENOUGH_RECORDED_S : distanceS * ENOUGH;
    this.patienceMs = Math.max(PATIENCE_MS, (distanceS + targetduration) * 1000);
  }

  #fail() {
    queueMicrotask(this.#events.onFailed);
  }
}

/**
 * Where a wall time is in a playlist, in seconds; its beginning for what was before that.
 * @param {number} wallMs
 * @param {Details} details
 */
function positionOf(wallMs, { fragments }) {
  const found = fragments.findLast(({ programDateTime }) =>
    (programDateTime ?? Infinity) <= wallMs
  );
  if (found === undefined) return fragments[0]?.start ?? 0;
  const { start, duration, programDateTime } = found;
  return start + Math.min(duration, (wallMs - (programDateTime ?? wallMs)) / 1000);
}

/** How long a request took, in milliseconds. @param {Stats} [stats] */
function timeOf(stats) {
  return stats === undefined ? 0 : stats.loading.end - stats.loading.start;
}
