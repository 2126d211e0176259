/** A broadcast whose frames are numbered, and listeners of its endless stream. */
import assert from "node:assert/strict";
import { AdtsParser } from "../../src/audio/aac/adts_parser.ts";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { LiveSource } from "../../src/http/live_body.ts";
import type { Hls } from "../../src/hls/hls.ts";
import { ProgressiveStreams } from "../../src/hls/progressive/progressive_streams.ts";
import { StreamCopies } from "../../src/hls/progressive/stream_copies.ts";
import type { StreamRequest } from "../../src/hls/progressive/stream_messages.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import type { SessionManager } from "../../src/session/session_manager.ts";
import { FakeClock } from "../fake_clock.ts";
import { MemoryFolder, NO_STATES } from "./memory_files.ts";
import { FRAME_MS, goOnAir, type OnAir, publish } from "./on_air.ts";

const SILENCE_BYTES = 6;

/** Sessions with HLS, and a thread with listeners of their endless streams. */
export class StreamedBroadcast {
  readonly manager: SessionManager;
  readonly hls: Hls;
  readonly events: OnAir["events"];
  readonly streams: ProgressiveStreams;
  readonly copies: StreamCopies;
  /** What the thread has asked for. */
  readonly asked: StreamRequest[] = [];
  /** How many messages the thread has got. */
  messages = 0;
  readonly #data = new Uint8Array(40).fill(1);
  readonly #view = new DataView(this.#data.buffer);

  private constructor(onAir: OnAir, readonly clock: FakeClock) {
    this.manager = onAir.manager;
    this.hls = onAir.hls;
    this.events = onAir.events;
    this.streams = new ProgressiveStreams({
      clock,
      recent: (name) => onAir.hls.find(name)?.recent,
    });
    onAir.manager.addOutput(this.streams.output);
    this.copies = this.connect();
  }

  static async start(targetMs = 1000): Promise<StreamedBroadcast> {
    const clock = new FakeClock();
    const folder = new MemoryFolder();
    return new StreamedBroadcast(
      await goOnAir({ clock, targetMs, folder, states: NO_STATES }),
      clock,
    );
  }

  /** Another thread with listeners. */
  connect(): StreamCopies {
    const copies = new StreamCopies({
      clock: this.clock,
      ask: (request) => {
        this.asked.push(request);
        subscriber.take(request);
      },
    });
    const subscriber = this.streams.connect((news) => {
      this.messages++;
      copies.take(structuredClone(news));
      subscriber.took(copies.takenBytes);
    });
    return copies;
  }

  publish(name = "demo"): Ingest {
    return publish(this, name);
  }

  send(ingest: Ingest, number: number): void {
    this.#view.setUint32(0, number);
    ingest.write(this.#data, number * FRAME_MS);
  }

  /** Frames `from` up to `to` in real time. */
  async live(ingest: Ingest, from: number, to: number): Promise<void> {
    for (let number = from; number < to; number++) {
      this.send(ingest, number);
      await this.clock.advance(FRAME_MS);
    }
  }

  /** @returns a listener; `undefined` where there is no stream */
  async join(name = "demo", copies = this.copies): Promise<StreamListener | undefined> {
    const joined = await copies.join(name);
    return typeof joined === "object" ? new StreamListener(joined.cursor) : undefined;
  }

  async stop(): Promise<void> {
    this.manager.stop("shutdown", SERVER_REASON);
    this.copies.close();
    this.streams.close();
    await this.hls.stop();
    assert.equal(this.clock.timerCount, 0);
  }
}

/** Takes all that it is sent. */
export class StreamListener {
  readonly source: LiveSource;
  readonly configs: AudioConfig[] = [];
  /** Numbers of the frames that were heard; -1 for a silent one. */
  readonly frames: number[] = [];
  readonly #parser: AdtsParser;

  constructor(source: LiveSource) {
    this.source = source;
    this.#parser = new AdtsParser({
      configure: (config) => this.configs.push(config),
      write: (data: Uint8Array) => {
        const view = new DataView(data.buffer, data.byteOffset);
        this.frames.push(data.length === SILENCE_BYTES ? -1 : view.getUint32(0));
      },
      bad: (count: number) => assert.equal(count, 0),
    });
    source.onMore(() => this.take());
    this.take();
  }

  /** Whether nothing follows. */
  get isOver(): boolean {
    return this.source.next() === undefined;
  }

  take(): void {
    for (let bytes = this.source.next(); bytes?.length; bytes = this.source.next()) {
      this.#parser.feed(bytes);
      this.source.sent(bytes.length);
    }
    if (this.isOver) this.#parser.flush();
  }

  leave(): void {
    this.source.leave();
  }
}
