// @ts-check
/// <reference lib="dom" />
// What plays: a recording, or what is on air. One at a time.

import { resetAtBreaks } from "../time_breaks.js";
import { tell } from "./dialog.js";
import { element, setText } from "./table.js";

/** Tells of each change of what plays by the event `change`. */
class Player extends EventTarget {
  #box = element("player");
  #title = element("player-title");
  #audio = /** @type {HTMLAudioElement} */ (this.#box.querySelector("audio"));
  /** @type {string | undefined} */
  #source;
  /** Counts what was chosen: whatever is found out for an earlier one is late. */
  #turn = 0;
  /** Where it is on air. @type {string | undefined} */
  #name;
  /** What brings that to the element, where the browser cannot by itself. @type {any} */
  #hls;

  constructor() {
    super();
    element("player-close").addEventListener("click", () => this.stop());
    this.#audio.addEventListener("playing", () => {
      if (this.#name !== undefined) setText(this.#title, `${this.#name}, on air`);
    });
    this.#audio.addEventListener("ended", () => {
      if (this.#name !== undefined) this.stop();
    });
  }

  /** The URL of what plays, or is about to. */
  get source() {
    return this.#source;
  }

  /**
   * Plays a file. To be called while somebody presses something.
   * @param {string} url
   * @param {string} title
   */
  async play(url, title) {
    this.#begin(url, title);
    this.#audio.src = url;
    await this.#start(title);
  }

  /**
   * Plays what is on air. To be called while somebody presses something.
   * @param {string} playlist its URL
   * @param {string} name
   */
  async listen(playlist, name) {
    this.#begin(playlist, `${name}, connecting…`);
    this.#name = name;
    const turn = this.#turn;
    try {
      const Hls = await this.#findLibrary();
      if (turn !== this.#turn) return;
      if (Hls === undefined) this.#audio.src = playlist;
      else this.#open(playlist, Hls, () => this.#lose(turn, name));
    } catch {
      // The server is away.
      return this.#lose(turn, name);
    }
    await this.#start(name);
  }

  stop() {
    this.#release();
    this.#box.hidden = true;
    this.#change(undefined);
  }

  /**
   * Loaded only now: it is larger than all of the page.
   * @returns {Promise<any>} hls.js; `undefined` where the browser plays HLS by itself, as iPhones do
   */
  async #findLibrary() {
    if (!("MediaSource" in globalThis)) return undefined;
    const url = new URL(this.#box.dataset["library"] ?? "", document.baseURI);
    const { default: Hls } = await import(url.href);
    return Hls.isSupported() ? Hls : undefined;
  }

  /**
   * @param {string} playlist
   * @param {any} Hls
   * @param {() => void} onFailed
   */
  #open(playlist, Hls, onFailed) {
    // A worker would come from a blob:, and audio alone is little work.
    const hls = new Hls({ enableWorker: false, liveDurationInfinity: true, backBufferLength: 10 });
    this.#hls = hls;
    resetAtBreaks(hls, Hls.Events);
    hls.on(Hls.Events.ERROR, (/** @type {string} */ _, /** @type {{ fatal: boolean }} */ error) => {
      if (error.fatal) queueMicrotask(onFailed);
    });
    hls.loadSource(playlist);
    hls.attachMedia(this.#audio);
  }

  /**
   * @param {string} source
   * @param {string} title
   */
  #begin(source, title) {
    this.#release();
    this.#box.hidden = false;
    setText(this.#title, title);
    this.#change(source);
  }

  /** @param {string} title */
  async #start(title) {
    const turn = this.#turn;
    try {
      await this.#audio.play();
    } catch (error) {
      // Another one was chosen meanwhile, or this one closed.
      if (error instanceof DOMException && error.name === "AbortError") return;
      if (turn === this.#turn) tell(`Cannot play ${title}.`);
    }
  }

  /**
   * @param {number} turn
   * @param {string} name
   */
  #lose(turn, name) {
    if (turn !== this.#turn) return;
    this.stop();
    tell(`${name} cannot be heard.`);
  }

  #release() {
    this.#turn++;
    this.#audio.pause();
    this.#hls?.destroy();
    this.#hls = undefined;
    this.#name = undefined;
    this.#audio.removeAttribute("src");
    // By this, Safari also lets it play what is found only later.
    this.#audio.load();
  }

  /** @param {string | undefined} source */
  #change(source) {
    this.#source = source;
    this.dispatchEvent(new Event("change"));
  }
}

export const player = new Player();
