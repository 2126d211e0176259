/** Writes the frames of a connection, one after the other. */
import type { StreamSocket } from "../../listening/stream_socket.ts";
import { PeerGone } from "../peer_gone.ts";
import type { FrameOutput } from "./http2_stream.ts";

/** What may wait of what nobody waits for: a client that has answers made reads them too. */
const MAX_TOLD_BYTES = 65_536;

/** Writes to a socket. What is told goes out with what is sent. */
export class FrameSender implements FrameOutput {
  readonly #socket: Pick<StreamSocket, "write">;
  readonly #onFull: () => void;
  #unsent: Unsent[] = [];
  #toldBytes = 0;
  #writing: Promise<void> | undefined;
  #broken: PeerGone | undefined;

  /** @param onFull called where the client reads nothing of what it is told */
  constructor(socket: Pick<StreamSocket, "write">, onFull: () => void) {
    this.#socket = socket;
    this.#onFull = onFull;
  }

  /** Resolves once all is written, or nobody takes it; rejects never. */
  get idle(): Promise<void> {
    return this.#writing ?? Promise.resolve();
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
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // Answers to what came in one read go out in one write.
    await Promise.resolve();
    while (this.#unsent.length > 0) {
      const parts = this.#unsent;
      this.#unsent = [];
      try {
        await this.#writeAll(parts);
        for (const { resolve } of parts) resolve();
      } catch (error) {
        this.#broken = PeerGone.because(error);
        for (const { reject } of [...parts, ...this.#unsent]) reject(this.#broken);
        this.#unsent = [];
      }
      // Whoever waited may have more.
      await Promise.resolve();
    }
    this.#writing = undefined;
  }

  async #writeAll(parts: readonly Unsent[]): Promise<void> {
    const bytes = joined(parts);
    for (let sent = 0; sent < bytes.length;) sent += await this.#socket.write(bytes.subarray(sent));
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
