// @ts-check
/// <reference lib="dom" />
// The meter around the play button.

/** How many bars are in each quarter of the circle. */
const BARS = 20;
const FFT_SIZE = 2048;
const MIN_HZ = 60;
const MAX_HZ = 10_000;
/** Decibels below full scale at which a bar or the level begins to show. */
const FLOOR_DB = -48;
/** How many checks may find Web Audio stopped before it is given up: it may start late. */
const MAX_SILENT_CHECKS = 2;
/** With reduced motion, the meter is drawn only this often. */
const CALM_MS = 500;

/**
 * Shows how loud the sound is: bars by frequency around the play button, and `--level`, 0 to 1, for
 * the style sheet. The meter must never silence the sound. So it measures a copy of the sound where
 * the browser can make one (`captureStream`). Elsewhere the sound has to pass through Web Audio:
 * that begins only once Web Audio runs, and where it stops, `onSilenced` asks for another element.
 */
export class Meter {
  #canvas;
  #stage;
  #onSilenced;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {AudioContext | undefined} */
  #context;
  /** @type {AnalyserNode | undefined} */
  #analyser;
  /** The copy of the sound, to be released. @type {MediaStreamAudioSourceNode | undefined} */
  #copy;
  /** @type {HTMLAudioElement | undefined} */
  #audio;
  #connected = false;
  /** The element whose sound passes through Web Audio. @type {HTMLAudioElement | undefined} */
  #routed;
  #givenUp = false;
  #silentChecks = 0;
  #decibels = new Float32Array(FFT_SIZE / 2);
  #samples = new Float32Array(FFT_SIZE);
  #bars = new Float32Array(BARS);
  #level = 0;
  #active = false;
  #drawing = false;
  #drawnAt = 0;

  /**
   * @param {HTMLElement} stage gets `--level`; the bars are around its first button
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onSilenced
   */
  constructor(stage, canvas, onSilenced) {
    this.#stage = stage;
    this.#canvas = canvas;
    this.#onSilenced = onSilenced;
    const resizes = new ResizeObserver(() => this.#resize());
    for (const sized of [canvas, ...stage.querySelectorAll("button")]) resizes.observe(sized);
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"]) {
      matchMedia(query).addEventListener("change", () => this.#draw());
    }
  }

  /** To be called while the listener presses play. */
  unlock() {
    this.#context ??= new AudioContext({ latencyHint: "playback" });
    if (this.#context.state !== "running") this.#context.resume().catch(() => this.#giveUp());
  }

  /** To be called when nothing plays any more. */
  rest() {
    this.#context?.suspend().catch(() => this.#giveUp());
  }

  /**
   * Measures what `audio` plays from now on.
   * @param {HTMLAudioElement} audio
   */
  listen(audio) {
    this.#audio = audio;
    this.#connected = audio === this.#routed;
    this.#connect();
  }

  /** Whether the meter shows anything. @param {boolean} active */
  set active(active) {
    this.#active = active;
    this.#wakeUp();
  }

  /** To be called every second while it plays: Web Audio may have stopped, and so the sound. */
  check() {
    this.#connect();
    if (this.#routed === undefined || this.#context === undefined) return;
    if (this.#context.state === "running") {
      this.#silentChecks = 0;
      return;
    }
    this.#context.resume().catch(() => this.#giveUp());
    if (++this.#silentChecks > MAX_SILENT_CHECKS) this.#giveUp();
  }

  /** Connects the meter as soon as Web Audio runs and there is sound. */
  #connect() {
    const audio = this.#audio;
    const context = this.#context;
    if (this.#connected || this.#givenUp || audio === undefined) return;
    if (context?.state !== "running") return;
    const source = "captureStream" in audio
      ? this.#listenIn(audio, context)
      : this.#route(audio, context);
    if (source === undefined) return;
    this.#analyser ??= new AnalyserNode(context, {
      fftSize: FFT_SIZE,
      smoothingTimeConstant: 0.75,
    });
    source.connect(this.#analyser);
    this.#connected = true;
  }

  /**
   * @param {HTMLAudioElement} audio
   * @param {AudioContext} context
   * @returns {AudioNode | undefined} `undefined` before there is sound
   */
  #listenIn(audio, context) {
    // @ts-ignore: not every browser has it
    const stream = /** @type {MediaStream} */ (audio.captureStream());
    if (stream.getAudioTracks().length === 0) return undefined;
    // The browser keeps the last copy running until it is stopped.
    this.#copy?.mediaStream.getTracks().forEach((track) => track.stop());
    this.#copy?.disconnect();
    this.#copy = context.createMediaStreamSource(stream);
    return this.#copy;
  }

  /** @param {HTMLAudioElement} audio @param {AudioContext} context */
  #route(audio, context) {
    const source = context.createMediaElementSource(audio);
    source.connect(context.destination);
    this.#routed = audio;
    return source;
  }

  #giveUp() {
    if (this.#givenUp) return;
    this.#givenUp = true;
    if (this.#routed !== undefined) this.#onSilenced();
    this.#routed = undefined;
  }

  #wakeUp() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame((now) => this.#frame(now));
  }

  /** @param {number} now */
  #frame(now) {
    this.#drawing = false;
    if (!this.#calm.matches || now - this.#drawnAt >= CALM_MS) {
      this.#drawnAt = now;
      this.#measure();
      this.#draw();
    }
    const quiet = this.#level < 0.001 && this.#bars.every((bar) => bar < 0.001);
    if (this.#active || !quiet) this.#wakeUp();
  }

  #measure() {
    const analyser = this.#analyser;
    const live = this.#active && analyser !== undefined && this.#context?.state === "running";
    const decibels = this.#decibels;
    const samples = this.#samples;
    if (live) {
      analyser.getFloatFrequencyData(decibels);
      analyser.getFloatTimeDomainData(samples);
    }
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / FFT_SIZE;
    const level = live ? shown(10 * Math.log10(power), FLOOR_DB) : 0;
    this.#level = Math.max(level, this.#level * 0.88 - 0.0005);
    this.#stage.style.setProperty("--level", Math.max(0, this.#level).toFixed(3));
    const hzPerBin = (this.#context?.sampleRate ?? 48_000) / FFT_SIZE;
    for (let i = 0; i < BARS; i++) {
      const from = MIN_HZ * (MAX_HZ / MIN_HZ) ** (i / BARS) / hzPerBin;
      const to = MIN_HZ * (MAX_HZ / MIN_HZ) ** ((i + 1) / BARS) / hzPerBin;
      const bins = decibels.subarray(
        Math.floor(from),
        Math.max(Math.ceil(to), Math.floor(from) + 1),
      );
      // Music has less energy at high frequencies, so higher bars are raised.
      const bar = live ? shown(Math.max(...bins) + 20 + i / 2, FLOOR_DB) : 0;
      this.#bars[i] = Math.max(0, bar, (this.#bars[i] ?? 0) * 0.86 - 0.0005);
    }
  }

  #resize() {
    const { clientWidth, clientHeight } = this.#canvas;
    const scale = Math.min(devicePixelRatio, 3);
    this.#canvas.width = Math.round(clientWidth * scale);
    this.#canvas.height = Math.round(clientHeight * scale);
    this.#draw();
  }

  /** Low notes stand at the left and the right, high ones at the top and the bottom. */
  #draw() {
    const pen = this.#canvas.getContext("2d");
    const button = this.#stage.querySelector("button");
    if (pen === null || button === null) return;
    const { width, height } = this.#canvas;
    const scale = width / Math.max(1, this.#canvas.clientWidth);
    const outer = width / 2 - scale;
    const inner = (button.offsetWidth / 2) * scale +
      (outer - button.offsetWidth / 2 * scale) * 0.22;
    const thickness = Math.max(1.5 * scale, Math.PI * inner / (BARS * 5));
    const reach = outer - inner - thickness / 2;
    pen.clearRect(0, 0, width, height);
    pen.lineCap = "round";
    pen.lineWidth = thickness;
    pen.strokeStyle = getComputedStyle(this.#canvas).color;
    for (let i = 0; i < BARS; i++) {
      const bar = this.#bars[i] ?? 0;
      const angle = Math.PI / 2 * (i + 0.5) / BARS;
      pen.globalAlpha = 0.28 + 0.72 * bar;
      for (const [right, down] of [[1, 1], [1, -1], [-1, 1], [-1, -1]]) {
        const x = Math.cos(angle) * right;
        const y = Math.sin(angle) * down;
        const end = inner + reach * bar + 0.01;
        pen.beginPath();
        pen.moveTo(width / 2 + x * inner, height / 2 + y * inner);
        pen.lineTo(width / 2 + x * end, height / 2 + y * end);
        pen.stroke();
      }
    }
  }
}

/**
 * Decibels, which are 0 at full scale, as a height from 0 to 1.
 * @param {number} decibels
 * @param {number} floor
 */
function shown(decibels, floor) {
  return Math.min(1, Math.max(0, 1 - decibels / floor)) || 0;
}
