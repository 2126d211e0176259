/** Writes the frames of a connection, one after the other. */
import type { StreamSocket } from "../../listening/stream_socket.ts";
import { OutputBuffers } from "../output_buffers.ts";
import { Patience } from "../patience.ts";
import { PeerGone } from "../peer_gone.ts";
import type { Clock } from "../../session/clock.ts";
import type { FrameOutput } from "./http2_stream.ts";

/** What may wait of what nobody waits for: a client that has answers made reads them too. */
const MAX_TOLD_BYTES = 65_536;
/** Of answers so much may wait, so that a client that reads nothing costs no more. */
const FULL_BYTES = 65_536;

/** Written at a time. */
const WRITE_BYTES = 65_536;
/** What is written from, so that nothing is allocated for it each time. */
const BUFFERS = new OutputBuffers(WRITE_BYTES, 64);

/** Writes to a socket. What is told goes out with what is sent. */
export class FrameSender implements FrameOutput {
  readonly #socket: Pick<StreamSocket, "write">;
  readonly #onFull: () => void;
  /** Of the client, to take what is written. */
  readonly #patience: Patience;
  #unsent: Unsent[] = [];
  #unsentBytes = 0;
  /** How much of that nobody waits for. */
  #toldBytes = 0;
  /** Resolves when more may be sent. */
  #room = Promise.withResolvers<void>();
  #writing: Promise<void> | undefined;
  #broken: PeerGone | undefined;

  /** @param onFull called where the client reads nothing of what it is told */
  constructor(
    socket: Pick<StreamSocket, "write">,
    clock: Pick<Clock, "awake" | "waited">,
    onFull: () => void,
  ) {
    this.#socket = socket;
    this.#patience = new Patience(clock);
    this.#onFull = onFull;
  }

  /** Resolves once all is written, or nobody takes it; rejects never. */
  get idle(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /** Whether the client has taken nothing for too long; to be asked now and then. */
  get isStuck(): boolean {
    return this.#writing !== undefined && this.#patience.isOver();
  }

  get full(): Promise<void> | undefined {
    return this.#unsentBytes < FULL_BYTES ? undefined : this.#room.promise;
  }

  tell(bytes: Uint8Array): void {
    this.#toldBytes += bytes.length;
    if (this.#toldBytes > MAX_TOLD_BYTES) return this.#onFull();
    this.#add({ parts: [bytes], resolve: () => this.#toldBytes -= bytes.length, reject: () => {} });
  }

  send(...parts: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve, reject) => this.#add({ parts, resolve, reject }));
  }

  #add(unsent: Unsent): void {
    if (this.#broken !== undefined) return unsent.reject(this.#broken);
    this.#unsent.push(unsent);
    this.#unsentBytes += lengthOf(unsent);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    this.#patience.beginAnswer();
    // Answers to what came in one read go out in one write.
    await Promise.resolve();
    while (this.#unsent.length > 0) {
      const unsent = this.#unsent;
      this.#unsent = [];
      try {
        await this.#writeAll(unsent);
        // Before those whose parts these were: they may have more, and others wait for their turn.
        this.#makeRoom();
        for (const { resolve } of unsent) resolve();
      } catch (error) {
        this.#broken = PeerGone.because(error);
        for (const { reject } of [...unsent, ...this.#unsent]) reject(this.#broken);
        this.#unsent = [];
        this.#makeRoom();
      }
      // Whoever waited may have more.
      await Promise.resolve();
    }
    this.#writing = undefined;
  }

  async #writeAll(unsent: readonly Unsent[]): Promise<void> {
    const buffer = BUFFERS.take();
    this.#patience.begin("reader");
    for (const bytes of filled(buffer, unsent.flatMap(({ parts }) => parts))) {
      for (let sent = 0; sent < bytes.length;) {
        const count = await this.#socket.write(bytes.subarray(sent));
        this.#patience.took(count);
        sent += count;
      }
    }
    // Of a write that failed, whoever writes may still have it.
    BUFFERS.giveBack(buffer);
  }

  #makeRoom(): void {
    this.#unsentBytes = this.#unsent.reduce((sum, unsent) => sum + lengthOf(unsent), 0);
    if (this.full !== undefined) return;
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }
}

/** Fills `buffer` with `parts`, as often as it takes. */
function* filled(buffer: Uint8Array, parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  let end = 0;
  for (let part of parts) {
    while (part.length > 0) {
      const some = part.subarray(0, buffer.length - end);
      buffer.set(some, end);
      end += some.length;
      part = part.subarray(some.length);
      if (end < buffer.length) continue;
      yield buffer;
      end = 0;
    }
  }
  if (end > 0) yield buffer.subarray(0, end);
}

function lengthOf({ parts }: Unsent): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

interface Unsent {
  readonly parts: readonly Uint8Array[];
  readonly resolve: () => void;
  readonly reject: (why: PeerGone) => void;
}
