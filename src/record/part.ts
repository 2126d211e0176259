/** Writes a recording while it is live, at the pace of the disk. */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { FragmentWriter } from "../mp4/fragment.ts";
import type { Clock } from "../session/clock.ts";
import type { Batch, FragmentPool, Silence } from "./batch.ts";
import { writeAll } from "./drive.ts";
import { closeLocked } from "./files.ts";
import type { OpenPart } from "./record_folder.ts";

export interface PartOptions {
  readonly clock: Clock;
  readonly config: AudioConfig;
  /** When its first frame is due, in milliseconds since the epoch. */
  readonly startTime: number;
  /** What a new file begins with. */
  readonly header: Uint8Array;
  /** Opens the file. It is called when the first frames are to be written. */
  readonly open: () => Promise<OpenPart>;
  /** Writes when it may: not all parts do so at a time. */
  readonly write: (work: () => Promise<void>) => Promise<void>;
  readonly pool: FragmentPool;
  /** Called when the first frames are in the file. */
  readonly onStart: (file: string) => void;
  /** Called when so many bytes were written. */
  readonly onWritten: (bytes: number) => void;
  /** Called when nothing more will be written to the file: at most once, and never by `close`. */
  readonly onError: (error: Error) => void;
  /** Hears what is in the file; nobody by default. */
  readonly index?: PartIndex | undefined;
}

/** Who hears what is in a part, as it is written. */
export interface PartIndex {
  /** The next fragment is in the file. */
  written(part: Omit<OpenPart, "handle">, fragment: WrittenFragment): void;
  /** Behind all that is in the file there is so much silence, which is written if audio follows. */
  promised(silence: Silence): void;
  /** Nothing more will be written. */
  over(): void;
}

/** A fragment in a file. */
export interface WrittenFragment {
  readonly frames: number;
  /** Where it begins in the file. */
  readonly offset: number;
  readonly bytes: number;
  /**
   * When its first frame is due, in milliseconds since the epoch; `undefined` where it is silence
   * that was promised.
   */
  readonly wallMs: number | undefined;
}

/** One file while it is written: a queue of batches, which are written one after another. */
export class Part {
  readonly startTime: number;
  readonly #options: PartOptions;
  #queue: WaitingBatch[] = [];
  #writing: Promise<void> | undefined;
  #checking: Promise<void> | undefined;
  #opened: OpenPart | undefined;
  #header: Uint8Array | undefined;
  /** Of the file. */
  #bytes = 0;
  #framesWritten = 0;
  /** Silence of which the index is to hear once all is written that waits. */
  #promised: Silence | undefined;
  #stopped = false;
  #failed = false;

  constructor(options: PartOptions) {
    this.#options = options;
    this.startTime = options.startTime;
    this.#header = options.header;
  }

  /** Its name in the folder, once it is open. */
  get file(): string | undefined {
    return this.#opened?.file;
  }

  /** Whether the file could not be written. Then it may end in the middle of a fragment. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether nothing that could be played is in the file. */
  get empty(): boolean {
    return this.#framesWritten === 0 && this.#opened?.continues === undefined;
  }

  /** What is in the file, in milliseconds. */
  get durationMs(): number {
    const { sampleRate, samplesPerFrame } = this.#options.config;
    const samples = this.#framesWritten * samplesPerFrame;
    const { continues } = this.#opened ?? {};
    return (continues?.durationMs ?? 0) + samples * 1000 / sampleRate;
  }

  /**
   * Takes a batch, whose fragment is recycled once it is written. Where the disk is too slow, the
   * part does not take it and stops: what it took before is still written.
   */
  write(batch: Batch): void {
    const { clock } = this.#options;
    const oldest = this.#queue[0];
    const isSlow = oldest !== undefined && clock.waited(oldest.since) >= MAX_WAIT_MS;
    if (!this.#stopped && !isSlow && this.#queue.length < MAX_WAITING) {
      this.#promised = undefined;
      this.#queue.push({ ...batch, since: clock.awake() });
      this.#writing ??= this.#writeAll();
      return;
    }
    this.#stop(new Error("the disk is too slow"));
  }

  /** Behind what was taken there is so much silence, which comes again with a batch if audio follows. */
  promise(silence: Silence): void {
    this.#promised = silence;
    if (this.#writing === undefined && !this.#stopped) this.#tellPromise();
  }

  /**
   * Syncs the file to the disk. Where `holds` says that it is no longer in its place, the part
   * fails.
   */
  async check(holds: (part: OpenPart) => Promise<boolean>): Promise<void> {
    const part = this.#opened;
    if (part === undefined || this.#failed || this.#checking !== undefined) return;
    this.#checking = (async () => {
      try {
        if (await holds(part)) await part.handle.syncData();
        else this.#fail(new Error("the file has been removed"));
      } catch (error) {
        this.#fail(error);
      }
    })();
    await this.#checking;
    this.#checking = undefined;
  }

  /** Writes what waits, and closes the file. `write` must not be called after it. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#checking;
    this.#options.index?.over();
    if (this.#opened !== undefined) await closeLocked(this.#opened.handle);
  }

  async #writeAll(): Promise<void> {
    try {
      this.#opened ??= await this.#open();
      for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
        await this.#writeBatch(batch);
      }
      this.#tellPromise();
    } catch (error) {
      this.#fail(error);
    }
    this.#writing = undefined;
  }

  async #open(): Promise<OpenPart> {
    const part = await this.#options.open();
    if (part.continues !== undefined) this.#header = undefined;
    this.#bytes = part.continues?.length ?? 0;
    return part;
  }

  #tellPromise(): void {
    if (this.#promised !== undefined) this.#options.index?.promised(this.#promised);
    this.#promised = undefined;
  }

  async #writeBatch({ fragment, silence, wallMs }: Batch): Promise<void> {
    if (silence !== undefined) await this.#writeSilence(silence);
    await this.#writeFragment(fragment, wallMs);
    this.#options.pool.recycle(fragment);
  }

  /** Many fragments by one call: it may be hours of silence, and what comes behind it waits. */
  async #writeSilence({ data, framesPerFragment, fragments }: Silence): Promise<void> {
    const fragment = this.#options.pool.take();
    const most = Math.max(1, Math.floor(SILENCE_BYTES / (framesPerFragment * data.length)));
    for (let left = fragments; left > 0; left -= most) {
      const taken: Uint8Array[] = [];
      for (let count = Math.min(left, most); count > 0; count--) {
        for (let i = 0; i < framesPerFragment; i++) fragment.add(data);
        taken.push(this.#take(fragment, taken.length * framesPerFragment).slice());
      }
      await this.#writeTaken(taken, framesPerFragment, undefined);
    }
    this.#options.pool.recycle(fragment);
  }

  async #writeFragment(fragment: FragmentWriter, wallMs: number): Promise<void> {
    const { frames } = fragment;
    await this.#writeTaken([this.#take(fragment, 0)], frames, wallMs);
  }

  /** @param ahead frames that are taken already, and not written yet */
  #take(fragment: FragmentWriter, ahead: number): Uint8Array {
    const before = (this.#opened?.continues?.frames ?? 0) + this.#framesWritten + ahead;
    return fragment.take(before, this.#options.config.samplesPerFrame);
  }

  /**
   * Writes fragments by one call, so that a file that is cut off holds no header without its audio.
   * @param frames of each
   */
  async #writeTaken(
    taken: readonly Uint8Array[],
    frames: number,
    wallMs: number | undefined,
  ): Promise<void> {
    const part = this.#opened;
    if (part === undefined) return;
    const isFirst = this.#framesWritten === 0;
    const bytes = joined(this.#header === undefined ? taken : [this.#header, ...taken]);
    await this.#options.write(() => writeAll(part.handle, bytes));
    this.#bytes += this.#header?.length ?? 0;
    this.#header = undefined;
    this.#options.onWritten(bytes.length);
    for (const { length } of taken) {
      const offset = this.#bytes;
      this.#bytes += length;
      this.#framesWritten += frames;
      this.#options.index?.written(part, { frames, offset, bytes: length, wallMs });
    }
    if (isFirst) this.#options.onStart(part.file);
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#queue = [];
    this.#stop(error instanceof Error ? error : new Error(String(error)));
  }

  #stop(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#options.onError(error);
  }
}

/** How long a batch may wait for a slow disk. */
const MAX_WAIT_MS = 8000;
/**
 * How many batches may wait, of a second of audio each. Many wait where much audio came at once.
 */
const MAX_WAITING = 60;
/** So much of silent access units is written by one call. */
const SILENCE_BYTES = 64 * 1024;

/** A batch, and when it came, on {@link Clock.awake}. */
interface WaitingBatch extends Batch {
  readonly since: number;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}
