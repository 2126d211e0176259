/** A broadcast of numbered frames whose playlist of low latency is checked in every version. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { PlaylistEdge } from "../../src/hls/low_latency/directives.ts";
import { LowStream } from "../../src/hls/low_latency/low_stream.ts";
import { readTsFrames } from "../../src/hls/low_latency/ts_frames.ts";
import { PlayedTags } from "../../src/hls/played_tags.ts";
import { type CutSegment, Segmenter } from "../../src/hls/segmenter.ts";
import { MPEG_TS } from "../../src/hls/ts_packager.ts";
import { parseLowPlaylist, type SeenLowPlaylist } from "../hls_validator/low_playlist_reader.ts";
import { LowRules } from "../hls_validator/low_rules.ts";
import { FakeClock } from "../fake_clock.ts";

const START_MS = Date.UTC(2026, 10, 25, 21, 6);
const FIRST_SEQUENCE = 100;

/** A segment in MPEG-TS. */
interface TsSegment extends CutSegment {
  readonly bytes: Uint8Array;
}

/** In real time on a clock that is not real. */
export class LowBroadcast {
  readonly clock = new FakeClock();
  /** `undefined` while nobody listens in low latency. */
  stream: LowStream | undefined;
  /** How far the newest version goes. */
  edge: PlaylistEdge | undefined;
  /** All that versions ever named, by name. */
  readonly files = new Map<string, Uint8Array>();
  /** Every version, the oldest first. */
  readonly versions: string[] = [];
  /** What was wrong so far. */
  readonly breaches: string[] = [];
  /** The frames that were sent. */
  readonly sent: Uint8Array[] = [];
  /** All segments in MPEG-TS. */
  readonly segments: TsSegment[] = [];
  /** What is heard, by the wall time of frames. */
  readonly played = new PlayedTags();
  readonly #targetMs: number;
  readonly #segmenter: Segmenter;
  #rules = new LowRules((breach) => this.breaches.push(breach));
  #config: AudioConfig | undefined;
  #position = 0;

  /** When the next frame is heard, in milliseconds since the epoch. */
  get wallMs(): number {
    return START_MS + this.clock.monotonic();
  }

  /** @param listens whether somebody listens from the start */
  constructor(targetMs = 1000, listens = true) {
    this.#targetMs = targetMs;
    this.#segmenter = new Segmenter(targetMs, [MPEG_TS], (cut) => {
      const [bytes = new Uint8Array()] = cut.packages;
      this.segments.push({ ...cut, bytes: bytes.slice() });
    });
    if (listens) this.listen();
  }

  /** The newest version, as an independent reader has it. */
  get playlist(): SeenLowPlaylist {
    return parseLowPlaylist(this.versions.at(-1) ?? "");
  }

  /**
   * Somebody listens from now on; for the first time, or after nobody did for a while.
   * @param earlier how many segments the window of MPEG-TS has
   */
  listen(earlier = 0, nonce = "k3f9"): void {
    const before = this.segments.slice(this.segments.length - earlier);
    const numbering = {
      mediaSequence: FIRST_SEQUENCE + this.segments.length - before.length,
      discontinuitySequence: 2,
    };
    this.#rules = new LowRules((breach) => this.breaches.push(breach));
    const stream = this.stream = new LowStream({
      onError: (error) => {
        throw error;
      },
      clock: this.clock,
      targetDuration: Math.ceil(this.#targetMs / 1000),
      ...{ numbering, nonce, played: this.played },
      introduce: ({ discontinuity, dueMs }) => ({ discontinuity, wallMs: dueMs }),
      onVersion: ({ text, edge, files }) => {
        this.edge = edge;
        for (const { uri, bytes } of files) this.files.set(uri, bytes);
        this.versions.push(text);
        this.#rules.observe(parseLowPlaylist(text));
      },
    });
    for (const { discontinuity, dueMs, bytes } of before) {
      const frames = readTsFrames(bytes, this.#config === undefined ? [] : [this.#config]);
      assert.ok(frames);
      stream.takeEarlier({ discontinuity, wallMs: dueMs }, frames);
    }
    stream.takeUp(this.#segmenter);
  }

  async configure(config: AudioConfig): Promise<void> {
    this.#config = config;
    this.#segmenter.start(config);
    this.#position = 0;
    await this.clock.advance(0);
  }

  /** The next frames come in real time or, with `atOnce`, together; they are due one after the other. */
  async send(frames: number, atOnce = false): Promise<void> {
    const frameMs = 1024_000 / (this.#config?.sampleRate ?? NaN);
    for (let i = 0; i < frames; i++) {
      const data = new Uint8Array(40).fill(this.sent.length);
      new DataView(data.buffer).setUint32(0, this.sent.length);
      this.sent.push(data);
      const dueMs = this.wallMs + (atOnce ? i * frameMs : 0);
      this.#segmenter.write({ data, position: this.#position, dueMs, filler: false });
      this.#position += 1024;
      if (!atOnce) await this.clock.advance(frameMs);
    }
    await this.clock.advance(0);
  }

  async discontinuity(): Promise<void> {
    this.#segmenter.discontinuity();
    await this.clock.advance(0);
  }

  /** What is open is whole, and nothing follows. */
  async end(): Promise<void> {
    this.#segmenter.cut();
    this.stream?.finish();
    await this.clock.advance(0);
  }
}
