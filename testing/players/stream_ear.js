// @ts-check
/// <reference lib="dom" />
// Put into a page that plays: hears by the pitch of `sweep` in stream_time.ts which moment of the
// stream sounds, and notes by how much that differs from where the element says that it is.

const PERIOD_S = 16;
const LOWEST_HZ = 400;
const HZ_PER_SECOND = 250;
const FFT_SIZE = 4096;
const LISTEN_MS = 200;
/** Decibels below full scale. */
const AUDIBLE_DB = -50;

/**
 * Each time it was heard: where the element was, and how much further on in the stream the sound was,
 * but for whole periods; in seconds.
 * @type {{ position: number, ahead: number }[]}
 */
const streamEar = [];

const context = new AudioContext();
const analyser = new AnalyserNode(context, { fftSize: FFT_SIZE, smoothingTimeConstant: 0 });
const audio = /** @type {HTMLAudioElement} */ (document.querySelector("audio"));
context.createMediaElementSource(audio).connect(analyser).connect(context.destination);

function listen() {
  if (context.state !== "running" || audio.paused || audio.readyState <= 2) return;
  const decibels = new Float32Array(FFT_SIZE / 2);
  analyser.getFloatFrequencyData(decibels);
  const position = audio.currentTime - FFT_SIZE / 2 / context.sampleRate;
  const peak = decibels.reduce((best, value, i) => value > (decibels[best] ?? 0) ? i : best, 1);
  const [left = 0, top = 0, right = 0] = decibels.subarray(peak - 1, peak + 2);
  if (!(top > AUDIBLE_DB)) return;
  // The top of the parabola through the three.
  const bin = peak + (left - right) / (2 * (left - 2 * top + right));
  const moment = (bin * context.sampleRate / FFT_SIZE - LOWEST_HZ) / HZ_PER_SECOND;
  const ahead = ((moment - position) % PERIOD_S + PERIOD_S) % PERIOD_S;
  streamEar.push({ position, ahead });
}

setInterval(listen, LISTEN_MS);
Object.assign(globalThis, { streamEar });
