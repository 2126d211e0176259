// @ts-check
/// <reference lib="dom" />
// The dashboard's player: it plays one recording or one live broadcast at a time.

import { changeCodecs, withCodecChanges } from "../codec_changes.js";
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
  /** Counts what was chosen. What arrives for an earlier choice is too late, and ignored. */
  #turn = 0;
  /** The name of the live broadcast that plays. @type {string | undefined} */
  #name;
  /** The Hls of hls.js that plays it, where the browser cannot play HLS. @type {any} */
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

  /** The URL of what plays, or is about to play. */
  get source() {
    return this.#source;
  }

  /**
   * Plays a file. To be called while the operator presses a button.
   * @param {string} url
   * @param {string} title
   */
  async play(url, title) {
    this.#begin(url, title);
    this.#audio.src = url;
    await this.#start(title);
  }

  /**
   * Plays a live broadcast. To be called while the operator presses a button.
   * @param {string} playlist the playlist's URL
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
      // The server does not answer.
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
   * Loads hls.js. It is larger than the whole page, so it is not loaded before it is needed.
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
    // A worker would be loaded from a blob:, which is forbidden, and audio is little work.
    const hls = new Hls({
      ...withCodecChanges(Hls),
      ...{ enableWorker: false, liveDurationInfinity: true, backBufferLength: 10 },
    });
    this.#hls = hls;
    changeCodecs(hls, Hls.Events);
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
      // Meanwhile the operator chose something else, or closed the player.
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
    // After this, Safari lets it play what is set only later, without another press.
    this.#audio.load();
  }

  /** @param {string | undefined} source */
  #change(source) {
    this.#source = source;
    this.dispatchEvent(new Event("change"));
  }
}

/** The one player of the page. */
export const player = new Player();
