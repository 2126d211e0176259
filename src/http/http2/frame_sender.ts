/** Writes the frames of a connection, one after the other. */
import type { StreamSocket } from "../../listening/stream_socket.ts";
import { Patience } from "../patience.ts";
import { PeerGone } from "../peer_gone.ts";
import type { Clock } from "../../session/clock.ts";
import type { FrameOutput } from "./http2_stream.ts";

/** What may wait of what nobody waits for: a client that has answers made reads them too. */
const MAX_TOLD_BYTES = 65_536;
/** Of answers so much may wait, so that a client that reads nothing costs no more. */
const FULL_BYTES = 65_536;

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
    this.#add({ bytes, resolve: () => this.#toldBytes -= bytes.length, reject: () => {} });
  }

  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => this.#add({ bytes, resolve, reject }));
  }

  #add(unsent: Unsent): void {
    if (this.#broken !== undefined) return unsent.reject(this.#broken);
    this.#unsent.push(unsent);
    this.#unsentBytes += unsent.bytes.length;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    this.#patience.beginAnswer();
    // Answers to what came in one read go out in one write.
    await Promise.resolve();
    while (this.#unsent.length > 0) {
      const parts = this.#unsent;
      this.#unsent = [];
      try {
        await this.#writeAll(parts);
        // Before those whose parts these are: they may have more, and others wait for their turn.
        this.#makeRoom();
        for (const { resolve } of parts) resolve();
      } catch (error) {
        this.#broken = PeerGone.because(error);
        for (const { reject } of [...parts, ...this.#unsent]) reject(this.#broken);
        this.#unsent = [];
        this.#makeRoom();
      }
      // Whoever waited may have more.
      await Promise.resolve();
    }
    this.#writing = undefined;
  }

  async #writeAll(parts: readonly Unsent[]): Promise<void> {
    const bytes = joined(parts);
    this.#patience.begin("reader");
    for (let sent = 0; sent < bytes.length;) {
      const count = await this.#socket.write(bytes.subarray(sent));
      this.#patience.took(count);
      sent += count;
    }
  }

  #makeRoom(): void {
    this.#unsentBytes = this.#unsent.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (this.full !== undefined) return;
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }
}

function joined(parts: readonly Unsent[]): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first.bytes;
  const bytes = new Uint8Array(parts.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part.bytes, end);
    end += part.bytes.length;
  }
  return bytes;
}

interface Unsent {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (why: PeerGone) => void;
}
