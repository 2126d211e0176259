// @ts-check
/// <reference lib="dom" />
// Put into the listener page before play is pressed: notes when there was no sound, which is when
// playback stood still, jumped, or played silence.

const SAMPLE_MS = 50;
/** So long is no silence to an ear, and no more than what an engine's clock leaps by. */
const UNNOTICED_MS = 300;
/** Of full scale. */
const AUDIBLE = 0.005;

/** The last analyser that the page's meter made. @type {AnalyserNode | undefined} */
let analyser;
globalThis.AnalyserNode = class extends AnalyserNode {
  /** @param {BaseAudioContext} context @param {AnalyserOptions} [options] */
  constructor(context, options) {
    super(context, options);
    analyser = this;
  }
};

/** Of the page's clock, in milliseconds. @typedef {{ since: number, until: number }} Silence */

const ear = {
  /** @type {Silence[]} */
  silences: [],
  /** When there was sound last. */
  heardAt: performance.now(),
  /** Seconds of sound since the last silence. */
  heardFor: 0,
  /** How long the page itself was kept from listening, in all. */
  standstillMs: 0,
  position: 0,
  /** Counts from here. */
  mark() {
    ear.silences = [];
    ear.standstillMs = 0;
    ear.heardFor = 0;
  },
  /** Since the mark. */
  heard() {
    const silentMs = ear.silences.reduce((sum, { since, until }) => sum + until - since, 0);
    return { silentMs, standstillMs: ear.standstillMs };
  },
};

let sampledAt = performance.now();

function listen() {
  const audio = /** @type {HTMLAudioElement} */ (document.querySelector("audio"));
  const now = performance.now();
  const passed = now - sampledAt;
  const moved = (audio.currentTime - ear.position) * 1000;
  sampledAt = now;
  ear.position = audio.currentTime;
  if (passed > UNNOTICED_MS) ear.standstillMs += passed;
  const wentOn = moved > 0 && moved < passed + UNNOTICED_MS && !audio.paused;
  if (!wentOn || isSilent()) return;
  // While the page was kept from listening and played on, there was sound.
  const until = passed > UNNOTICED_MS && moved > passed / 2 ? now - passed : now;
  if (until - ear.heardAt > UNNOTICED_MS) {
    ear.silences.push({ since: ear.heardAt, until });
    ear.heardFor = 0;
  } else {
    ear.heardFor += passed / 1000;
  }
  ear.heardAt = now;
}

/** By the page's own meter, where it has one that runs. */
function isSilent() {
  if (analyser?.context.state !== "running") return false;
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  return samples.every((sample) => Math.abs(sample) < AUDIBLE);
}

setInterval(listen, SAMPLE_MS);
Object.assign(globalThis, { ear });
