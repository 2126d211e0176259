/**
 * Accepts connections, one after the other, for as long as a listener lasts.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";
import type { StreamListener, StreamSocket } from "./stream_socket.ts";

/** Wait after a failed accept, such as one without a free file descriptor. */
const RETRY_MS = 100;

export interface AcceptLoopOptions<Socket extends StreamSocket> {
  readonly clock: Pick<Clock, "after">;
  /** Takes a connection. */
  readonly onAccepted: (socket: Socket) => void;
  /** A connection could not be accepted, for want of resources. It is tried again. */
  readonly onFailed: (why: string) => void;
  /** The listener has ended although nobody closed it. Called once. */
  readonly onEnd: (why: Error) => void;
}

/** Accepts what comes until it is closed, or its listener has ended by itself. */
export class AcceptLoop<Socket extends StreamSocket = StreamSocket> {
  /** Resolves once nothing is accepted any more; rejects never. */
  readonly ended: Promise<void>;
  readonly #listener: StreamListener<Socket>;
  readonly #options: AcceptLoopOptions<Socket>;
  #closed = false;
  #endWait = () => {};

  /** @param listener is the loop's to close */
  constructor(listener: StreamListener<Socket>, options: AcceptLoopOptions<Socket>) {
    this.#listener = listener;
    this.#options = options;
    this.ended = this.#acceptAll();
  }

  /** Accepts nothing any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
    this.#endWait();
  }

  async #acceptAll(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#take(await this.#listener.accept());
      } catch (error) {
        if (this.#closed) return;
        if (hasEnded(error)) return this.#end(error);
        this.#options.onFailed(error instanceof Error ? error.message : String(error));
        await this.#wait();
      }
    }
  }

  #take(socket: Socket): void {
    if (this.#closed) socket.close();
    else this.#options.onAccepted(socket);
  }

  #end(why: Error): void {
    this.#closed = true;
    // What is closed already must not be closed again.
    if (!(why instanceof Deno.errors.BadResource)) this.#listener.close();
    this.#options.onEnd(why);
  }

  #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(RETRY_MS, resolve);
    this.#endWait = () => {
      timer.cancel();
      resolve();
    };
    return promise;
  }
}

/** Whether a listener accepts nothing any more (accept(2)): others fail for want of resources. */
function hasEnded(error: unknown): error is Error {
  if (error instanceof Deno.errors.BadResource) return true;
  return error instanceof Error && "code" in error && ENDED.has(error.code);
}

const ENDED: ReadonlySet<unknown> = new Set(["EBADF", "EINVAL", "ENOTSOCK"]);
