// @ts-check
/// <reference lib="dom" />
// Put into the listener page before its own scripts: hears by the pitch of clock_sound.ts when what
// sounds went into the encoder, and notes when the sound begins and where it stands still.

const PERIOD_MS = 16_000;
const LOWEST_HZ = 400;
const HZ_PER_SECOND = 250;
const FFT_SIZE = 4096;
/** Decibels below full scale. */
const AUDIBLE_DB = -50;
const LOOK_MS = 20;
/** An element's clock moves on by leaps; shorter standstills are none. */
const UNNOTICED_MS = 100;

/** Since the mark; all in milliseconds. */
const clockEar = {
  /** From the encoder's input to here, by the sound. @type {number[]} */
  latencies: [],
  /** How long each standstill was, without what the page itself was kept from running. @type {number[]} */
  stalls: [],
  /** From the press of play to the first sound. @type {number | undefined} */
  joinedMs: undefined,
  mark() {
    clockEar.latencies = [];
    clockEar.stalls = [];
  },
};

/** @type {AnalyserNode | undefined} */
let analyser;
const { connect } = AudioNode.prototype;
/** Listens where the page's meter does. @this {AudioNode} @param {any} to @param {any[]} rest */
function connectBoth(to, ...rest) {
  if (to instanceof AnalyserNode) {
    const { context } = this;
    analyser = new AnalyserNode(context, { fftSize: FFT_SIZE, smoothingTimeConstant: 0 });
    Reflect.apply(connect, this, [analyser]);
  }
  return Reflect.apply(connect, this, [to, ...rest]);
}
AudioNode.prototype.connect = /** @type {any} */ (connectBoth);

/** @type {number | undefined} */
let pressedAt;
addEventListener("click", () => pressedAt ??= performance.now(), true);

let position = 0;
let movedAt = 0;
let lookedAt = performance.now();
let keptMs = 0;

function look() {
  const audio = document.querySelector("audio");
  if (audio === null || pressedAt === undefined) return;
  const now = performance.now();
  keptMs += Math.max(0, now - lookedAt - 2 * LOOK_MS);
  lookedAt = now;
  const isSounding = !audio.paused && audio.playbackRate > 0 && audio.readyState > 2;
  if (audio.currentTime === position || !isSounding) return;
  // Where it begins is where it was put, and not yet where it sounds.
  if (clockEar.joinedMs === undefined && position > 0 && audio.currentTime - position < 1) {
    clockEar.joinedMs = now - pressedAt;
  } else if (clockEar.joinedMs !== undefined && now - movedAt - keptMs > UNNOTICED_MS) {
    clockEar.stalls.push(now - movedAt - keptMs);
  }
  position = audio.currentTime;
  movedAt = now;
  keptMs = 0;
}

function listen() {
  if (analyser?.context.state !== "running" || performance.now() - movedAt > UNNOTICED_MS) return;
  const decibels = new Float32Array(FFT_SIZE / 2);
  analyser.getFloatFrequencyData(decibels);
  const now = Date.now();
  const peak = decibels.reduce((best, value, i) => value > (decibels[best] ?? 0) ? i : best, 1);
  const [left = 0, top = 0, right = 0] = decibels.subarray(peak - 1, peak + 2);
  if (!(top > AUDIBLE_DB)) return;
  // The top of the parabola through the three.
  const bin = peak + (left - right) / (2 * (left - 2 * top + right));
  const { sampleRate } = analyser.context;
  const sentAt = (bin * sampleRate / FFT_SIZE - LOWEST_HZ) / HZ_PER_SECOND * 1000;
  const heardAt = now - FFT_SIZE / 2 / sampleRate * 1000;
  const latency = ((heardAt - sentAt) % PERIOD_MS + PERIOD_MS) % PERIOD_MS;
  clockEar.latencies.push(latency);
}

setInterval(look, LOOK_MS);
setInterval(listen, 100);
Object.assign(globalThis, { clockEar });
