// @ts-check
/// <reference lib="dom" />
// Draws what is heard as a circle of bars around the play button.

/** In each quarter of the circle. */
const BARS = 20;
const FFT_SIZE = 2048;
const MIN_HZ = 60;
const MAX_HZ = 10_000;
/** Decibels below full scale at which a bar or the level begins to show. */
const FLOOR_DB = -48;
/** Web Audio may take a moment to run again. */
const MAX_SILENT_CHECKS = 2;
/** With reduced motion it is drawn this often only. */
const CALM_MS = 500;

/**
 * Shows how loud it is: bars around the play button by frequency, and `--level`, 0 to 1, for the
 * style sheet. It listens in, so that it can never silence what it shows: to a copy of the sound
 * where the browser has one (`captureStream`), else it has the sound pass through, only once Web
 * Audio is running, and asks for another element by `onSilenced` where that stops.
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
  /** A copy of the sound, to be let go of. @type {MediaStreamAudioSourceNode | undefined} */
  #copy;
  /** @type {HTMLAudioElement | undefined} */
  #audio;
  #connected = false;
  /** What passes through. @type {HTMLAudioElement | undefined} */
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
   * @param {HTMLElement} stage gets the level, and its first button is what the bars stand around
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onSilenced
   */
  constructor(stage, canvas, onSilenced) {
    this.#stage = stage;
    this.#canvas = canvas;
    this.#onSilenced = onSilenced;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"]) {
      matchMedia(query).addEventListener("change", () => this.#draw());
    }
  }

  /** To be called while the listener presses play. */
  unlock() {
    this.#context ??= new AudioContext({ latencyHint: "playback" });
    if (this.#context.state !== "running") this.#context.resume().catch(() => this.#giveUp());
  }

  /** Nothing is played for now. */
  rest() {
    this.#context?.suspend().catch(() => this.#giveUp());
  }

  /**
   * Listens in to what `audio` plays from now on.
   * @param {HTMLAudioElement} audio
   */
  listen(audio) {
    this.#audio = audio;
    this.#connected = audio === this.#routed;
    this.#connect();
  }

  /** Whether anything is to be shown. @param {boolean} active */
  set active(active) {
    this.#active = active;
    this.#wakeUp();
  }

  /** To be called every second while it plays: the sound may pass through what has stopped. */
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

  /** As soon as Web Audio runs, and there is something to be heard. */
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
   * @returns {AudioNode | undefined} nothing before it sounds
   */
  #listenIn(audio, context) {
    // @ts-ignore: not every browser has it
    const stream = /** @type {MediaStream} */ (audio.captureStream());
    if (stream.getAudioTracks().length === 0) return undefined;
    // The browser keeps a copy going until it is told not to.
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
      // Music has less the higher it is.
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
 * How much of its range shows of so many decibels below full scale.
 * @param {number} decibels
 * @param {number} floor
 */
function shown(decibels, floor) {
  return Math.min(1, Math.max(0, 1 - decibels / floor)) || 0;
}
