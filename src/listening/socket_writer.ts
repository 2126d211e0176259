/**
 * Sends to a peer that may not read as fast, and says goodbye to it.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { StreamSocket } from "./stream_socket.ts";

const logger = getLogger(["echo", "listening"]);

export interface SocketWriterOptions {
  readonly socket: Pick<StreamSocket, "write" | "closeWrite" | "close">;
  /** Bytes that may wait for the peer to read. */
  readonly maxUnsent: number;
  /** Called where more wait. */
  readonly onFull: () => void;
  /** Called where the socket cannot be written to. */
  readonly onError: (error: unknown) => void;
}

/** Writes to a socket, in order, and closes it; nobody has to wait for it. */
export class SocketWriter {
  readonly #options: SocketWriterOptions;
  #state: "open" | "finishing" | "closed" = "open";
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #writing: Promise<void> | undefined;

  constructor(options: SocketWriterOptions) {
    this.#options = options;
  }

  /** Whether nothing is being written. */
  get isIdle(): boolean {
    return this.#writing === undefined;
  }

  /** Resolves once nothing is being written; rejects never. */
  get idle(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /** Sends `bytes`, which are the writer's to keep. */
  send(bytes: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#unsentBytes += bytes.length;
    if (this.#unsentBytes > this.#options.maxUnsent) return this.#options.onFull();
    this.#unsent.push(bytes);
    this.#writing ??= this.#write();
  }

  /**
   * Says goodbye once all is sent, with a FIN, and leaves the socket to the reading side: closing it
   * while bytes of the peer are unread would make a reset of it, and the peer might lose the last
   * answer. Nothing is sent any more.
   */
  finish(): void {
    if (this.#state !== "open") return;
    this.#state = "finishing";
    this.#writing = this.#sayGoodbye(this.#writing);
  }

  /** Closes the socket at once, whatever was still to be sent. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#options.socket.close();
  }

  async #write(): Promise<void> {
    // Answers to what came in one read go out in one write.
    await Promise.resolve();
    const { socket, onError } = this.#options;
    try {
      for (let bytes = this.#takeUnsent(); bytes.length > 0; bytes = this.#takeUnsent()) {
        for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
      }
    } catch (error) {
      onError(error);
    }
    if (this.#state === "open") this.#writing = undefined;
  }

  #takeUnsent(): Uint8Array {
    const bytes = new Uint8Array(this.#unsent.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#unsent) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#unsent = [];
    this.#unsentBytes = 0;
    return bytes;
  }

  async #sayGoodbye(writing: Promise<void> | undefined): Promise<void> {
    await writing;
    if (this.#state === "closed") return;
    try {
      await this.#options.socket.closeWrite();
    } catch (error) {
      logger.debug("Cannot shut down a connection: {error}", { error });
    }
  }
}
