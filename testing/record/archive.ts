/** A recorder on a real disk, on a clock that is moved by hand, and shows to record. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { Frame } from "../../src/audio/frame.ts";
import type { RecordedSession } from "../../src/record/finisher.ts";
import { Recorder, type RecorderOptions } from "../../src/record/recorder.ts";
import { RecordFolder } from "../../src/record/record_folder.ts";
import { EventBus, type EventKind, type SessionEvent } from "../../src/session/events.ts";
import type { FrameSink } from "../../src/session/frame_sink.ts";
import { audioConfig } from "../audio/access_units.ts";
import { until } from "../until.ts";
import { FakeClock } from "../fake_clock.ts";
import { readPlainMp4, topLevel } from "../mp4/plain_mp4.ts";

export const START = Date.UTC(2026, 10, 23, 14, 12, 0);
/** Frames of a second, as the recorder counts. */
export const SECOND = 47;
export const SILENT = Uint8Array.of(0x21, 0, 0, 0, 0, 0x1c);

/** A second of a show waits so long, in real time, for the disk. */
const DISK_MS = 25;

export interface ArchiveOptions {
  /** Default: a new folder, gone in the end. */
  readonly path?: string;
  readonly clock?: FakeClock;
  readonly append?: boolean;
  readonly maxAgeMs?: number;
  readonly maxBytes?: number;
  readonly recordsFallback?: boolean;
  readonly makeFolder?: (path: string) => RecordFolder;
  readonly index?: RecorderOptions["index"];
  readonly onRemoved?: RecorderOptions["onRemoved"];
  readonly mayRemove?: RecorderOptions["mayRemove"];
}

/** A recorder with a folder on a real disk, and a clock that stands still. */
export class Archive implements AsyncDisposable {
  readonly events: SessionEvent[] = [];
  readonly #keeps: boolean;
  #ids = 1;

  private constructor(
    readonly recorder: Recorder,
    readonly folder: RecordFolder,
    readonly clock: FakeClock,
    bus: EventBus,
    keeps: boolean,
  ) {
    this.bus = bus;
    this.#keeps = keeps;
    bus.subscribe((event) => this.events.push(event));
  }

  readonly bus: EventBus;

  static async open(options: ArchiveOptions = {}): Promise<Archive> {
    const path = options.path ?? `${await Deno.makeTempDir({ prefix: "echo-record-" })}/record`;
    const { clock = new FakeClock(START), makeFolder = (path) => new RecordFolder(path) } = options;
    const { append = false, maxAgeMs = 0, maxBytes = 0, index, onRemoved, mayRemove } = options;
    const { recordsFallback = false } = options;
    const bus = new EventBus();
    const folder = makeFolder(path);
    const rules = { maxAgeMs, maxBytes };
    const recorder = new Recorder({
      ...{ clock, events: bus, folder, append, rules, recordsFallback, index, onRemoved },
      mayRemove,
    });
    return new Archive(recorder, folder, clock, bus, options.path !== undefined);
  }

  /** A session that is on air. */
  begin(
    name: string,
    config: AudioConfig = audioConfig(),
    said: Pick<RecordedSession, "props" | "streamFacts"> = { props: {}, streamFacts: {} },
  ): Show {
    const session = { id: this.#ids++, name, protocol: "rtmp" as const, ...said };
    return new Show(session, this.recorder, this.clock, config);
  }

  /** A whole show. @returns what it holds */
  async record(name: string, seconds: number, config?: AudioConfig): Promise<Uint8Array[]> {
    const completed = this.count("record-complete");
    const show = this.begin(name, config);
    for (let i = 0; i < seconds; i++) await show.second();
    show.end();
    await this.reach("record-complete", completed + 1);
    return show.frames;
  }

  of(kind: EventKind): SessionEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }

  count(kind: EventKind): number {
    return this.of(kind).length;
  }

  /** Waits until `count` such events have come. */
  async reach(kind: EventKind, count: number): Promise<void> {
    await until(`${count} × ${kind}`, () => this.count(kind) >= count);
  }

  async files(): Promise<string[]> {
    const names: string[] = [];
    for await (const entry of Deno.readDir(this.folder.path)) names.push(entry.name);
    return names.sort();
  }

  read(file: string): Promise<Uint8Array> {
    return Deno.readFile(this.folder.pathOf(file));
  }

  /** The frames of a finished recording, which has to be a plain MP4. */
  async frames(file: string): Promise<Uint8Array[]> {
    const bytes = await this.read(file);
    assert.deepEqual(topLevel(bytes), ["ftyp", "mdat", "moov"]);
    return readPlainMp4(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.recorder.stop();
    if (!this.#keeps) {
      await Deno.remove(this.folder.path.replace(/\/record$/, ""), { recursive: true });
    }
  }
}

/** What is on air, frame by frame. */
export class Show {
  /** All that was sent, silence included. */
  readonly frames: Uint8Array[] = [];
  readonly sink: FrameSink;
  readonly #recorder: Recorder;
  #position = 0;
  #count = 0;

  constructor(
    readonly session: RecordedSession,
    recorder: Recorder,
    readonly clock: FakeClock,
    config: AudioConfig,
  ) {
    this.#recorder = recorder;
    this.sink = recorder.output(session);
    this.sink.start(config);
  }

  /** A second of audio, after which the second has passed. */
  async second(): Promise<void> {
    const { writtenBytes } = this.#recorder;
    this.audio(SECOND);
    await this.clock.advance(1000);
    // What is written meanwhile takes real time, and a disk that fails takes no more than this.
    for (let i = 0; i < DISK_MS && this.#recorder.writtenBytes === writtenBytes; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  audio(frames: number): void {
    for (let i = 0; i < frames; i++) {
      const n = this.#count++;
      this.write(new Uint8Array(5 + n % 11).fill(n));
    }
  }

  silence(frames: number): void {
    for (let i = 0; i < frames; i++) this.write(SILENT, "wait");
  }

  write(data: Uint8Array, filler: Frame["filler"] = false): void {
    this.frames.push(data);
    this.sink.write({ data, position: this.#position, dueMs: this.clock.monotonic(), filler });
    this.#position += 1024;
  }

  configure(config: AudioConfig): void {
    this.#position = 0;
    this.sink.start(config);
  }

  end(): void {
    this.sink.end("finished");
  }
}
