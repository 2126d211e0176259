/**
 * The endless stream of one name, in the thread that has the broadcasts: it is made while a thread has
 * listeners, and costs next to nothing otherwise.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import type { Tags } from "../../session/tags.ts";
import { type StreamChunk, StreamWriter } from "./stream_writer.ts";
import { RECENT_MS, RecentChunks } from "./recent_chunks.ts";
import { readRecent, type RecentAudio, writeRecent } from "./recent_audio.ts";
import type { StreamForm } from "./stream_form.ts";

/** It is handed out in chunks of so many frames. */
const CHUNK_FRAMES = 10;

/** Who is told of the stream. */
export interface StreamReader {
  /** The last seconds of the stream, and then each chunk. */
  readonly take: (chunks: readonly StreamChunk[]) => void;
}

/** One name's. It has one configuration at a time. */
export class LiveStream {
  readonly form: StreamForm;
  readonly #recent: () => RecentAudio | undefined;
  readonly #readers = new Set<StreamReader>();
  #onHeard: (isHeard: boolean) => void = () => {};
  #config: AudioConfig;
  /** `undefined` while nobody is told. */
  #open: OpenStream | undefined;
  #opening: Promise<void> | undefined;

  /** @param recent where its last seconds are; `undefined` where there are none */
  constructor(form: StreamForm, config: AudioConfig, recent: () => RecentAudio | undefined) {
    this.form = form;
    this.#config = config;
    this.#recent = recent;
  }

  /** Whether somebody is told of it. */
  get isHeard(): boolean {
    return this.#readers.size > 0;
  }

  /** Tells whoever writes it {@link isHeard}, now and whenever that changes; nobody else any more. */
  watch(onHeard: (isHeard: boolean) => void): void {
    this.#onHeard = onHeard;
    onHeard(this.isHeard);
  }

  /** Tells `reader` the last seconds, soon, and all that follows. */
  async add(reader: StreamReader): Promise<void> {
    this.flush();
    this.#readers.add(reader);
    this.#onHeard(true);
    if (this.#open !== undefined) reader.take(this.#open.recent);
    else this.#opening ??= this.#openAll().finally(() => this.#opening = undefined);
    await this.#opening;
  }

  /** Tells it nothing more. */
  delete(reader: StreamReader): void {
    this.#readers.delete(reader);
    if (this.isHeard) return;
    this.#open = undefined;
    this.#onHeard(false);
  }

  /** The configuration of the frames that follow. */
  configure(config: AudioConfig): void {
    this.flush();
    this.#config = config;
    this.#open?.writer.configure(config);
  }

  /** The next frame; while nobody hears it, none is needed. */
  write(data: Uint8Array): void {
    this.#open?.writer.write(data);
  }

  /** What is heard from the next frame on. */
  entitle(tags: Tags): void {
    this.#open?.writer.entitle(tags);
  }

  /** Tells what was written since the last call. */
  flush(): void {
    const chunk = this.#open?.next();
    if (chunk !== undefined) { for (const { take } of this.#readers) take([chunk]); }
  }

  /** Reads the last seconds; from then on nothing is missed. */
  async #openAll(): Promise<void> {
    const audio = this.#recent();
    const read = audio && await readRecent(audio, RECENT_MS);
    if (!this.isHeard) return;
    this.#open = new OpenStream(this.#config);
    const now = this.#recent();
    if (now !== undefined && read !== undefined) {
      this.#open.begin((writer) => {
        writeRecent(now, { config: this.#config, lastMs: RECENT_MS, read }, writer);
      });
    }
    for (const { take } of this.#readers) take(this.#open.recent);
  }
}

/** What somebody is told of. */
class OpenStream {
  readonly writer = new StreamWriter();
  readonly #recent = new RecentChunks();

  constructor(config: AudioConfig) {
    this.writer.configure(config);
  }

  /** The last seconds. */
  get recent(): readonly StreamChunk[] {
    return this.#recent.all;
  }

  /** Takes what was before: `write` is handed what takes its frames. */
  begin(write: (out: Pick<StreamWriter, "write" | "entitle">) => void): void {
    let frames = 0;
    write({
      entitle: (tags) => this.writer.entitle(tags),
      write: (data) => {
        this.writer.write(data);
        if (++frames % CHUNK_FRAMES === 0) this.next();
      },
    });
    this.next();
  }

  /** What was written since the last call. */
  next(): StreamChunk | undefined {
    const chunk = this.writer.take();
    if (chunk === undefined) return undefined;
    this.#recent.push(chunk);
    return chunk;
  }
}
