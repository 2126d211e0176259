/** A broadcast of numbered frames whose playlist of low latency is checked in every version. */
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { renderLowPlaylist } from "../../src/hls/low_latency/low_playlist.ts";
import { initFile } from "../../src/hls/low_latency/low_names.ts";
import { LowWindow } from "../../src/hls/low_latency/low_window.ts";
import { initSection } from "../../src/mp4/init_section.ts";
import { parseLowPlaylist, type SeenLowPlaylist } from "../hls_validator/low_playlist_reader.ts";
import { LowRules } from "../hls_validator/low_rules.ts";
import { StreamPackager } from "./packaged_stream.ts";

const START_MS = Date.UTC(2026, 10, 25, 21, 6);

/** In it frames come at once, and a millisecond is as long as their audio. */
export class LowBroadcast {
  readonly window: LowWindow;
  /** All that was ever named, by name. */
  readonly files = new Map<string, Uint8Array>();
  /** Every version, the oldest first. */
  readonly versions: string[] = [];
  /** What was wrong so far. */
  readonly breaches: string[] = [];
  /** The frames that were sent. */
  readonly sent: Uint8Array[] = [];
  readonly #rules = new LowRules((breach) => this.breaches.push(breach));
  readonly #packager: StreamPackager;
  #isOpen = false;
  #discontinuity = false;
  #initUri = "";
  /** Playing time of all that is whole, in milliseconds. */
  #playedMs = 0;

  constructor(targetMs = 1000) {
    this.window = new LowWindow({
      targetDuration: Math.ceil(targetMs / 1000),
      numbering: { mediaSequence: 100, discontinuitySequence: 2 },
      nonce: "k3f9",
    });
    this.#packager = new StreamPackager(targetMs, {
      onPart: (part) => {
        this.#begin();
        this.files.set(this.window.addPart(part), part.bytes);
      },
      onSegment: ({ bytes, durationUs }) => {
        this.#playedMs += durationUs / 1000;
        this.files.set(this.window.complete(durationUs, this.#playedMs).whole.uri, bytes);
        this.#isOpen = false;
        this.#discontinuity = false;
      },
    });
  }

  /** The newest version, as an independent reader has it. */
  get playlist(): SeenLowPlaylist {
    return parseLowPlaylist(this.versions.at(-1) ?? "");
  }

  configure(config: AudioConfig): void {
    this.#packager.configure(config);
    this.#discontinuity = this.files.size > 0;
    const section = initSection(config);
    this.#initUri = initFile(section);
    this.files.set(this.#initUri, section);
    this.#look();
  }

  /** The next frames come, one after the other or, with `atOnce`, before anybody looks. */
  send(frames: number, atOnce = false): void {
    for (let i = 0; i < frames; i++) {
      const data = new Uint8Array(40).fill(this.sent.length);
      new DataView(data.buffer).setUint32(0, this.sent.length);
      this.sent.push(data);
      this.#packager.write(data);
      if (!atOnce) this.#look();
    }
    this.#look();
  }

  discontinuity(): void {
    this.#packager.segmenter.discontinuity();
    this.#discontinuity = true;
    this.#look();
  }

  /** What is open is whole, and nothing follows. */
  end(): void {
    this.#packager.segmenter.cut();
    this.window.end();
    this.#look();
  }

  #begin(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.window.begin({
      discontinuity: this.#discontinuity,
      wallMs: START_MS + this.#playedMs,
      initUri: this.#initUri,
    });
  }

  /** Takes note of the newest version, where it is another one. */
  #look(): void {
    const { version } = this.window;
    const text = version && renderLowPlaylist(version);
    if (text === undefined || text === this.versions.at(-1)) return;
    this.versions.push(text);
    this.#rules.observe(parseLowPlaylist(text));
  }
}
