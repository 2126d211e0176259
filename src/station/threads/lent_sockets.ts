/**
 * Connections of receivers that came by another door, which a thread sends to: they are opened and
 * closed here.
 *
 * @module
 */
import type { StreamSocket } from "../../listening/stream_socket.ts";
import type { Clock } from "../../session/clock.ts";
import type { StreamAsked, ToThread } from "./messages.ts";

/** A connection to be lent. */
export interface LendableSocket {
  readonly socket: Pick<StreamSocket, "read" | "close">;
  readonly descriptor: number;
  readonly asked: StreamAsked;
  /** Called once it is closed. */
  readonly onClosed: () => void;
}

/** Connections that one thread has. A descriptor is closed only when the thread does not use it. */
export class LentSockets {
  readonly #clock: Pick<Clock, "after">;
  readonly #send: (message: ToThread) => void;
  readonly #lent = new Map<number, LendableSocket>();
  #nextId = 1;

  constructor(clock: Pick<Clock, "after">, send: (message: ToThread) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** How many the thread has. */
  get count(): number {
    return this.#lent.size;
  }

  /** Has the thread serve a receiver. */
  lend(lendable: LendableSocket): void {
    const id = this.#nextId++;
    this.#lent.set(id, lendable);
    const { asked, descriptor } = lendable;
    this.#send({ kind: "receiver", receiver: { ...asked, id, descriptor } });
    void untilLeft(lendable.socket).then(() => {
      if (this.#lent.has(id)) this.#send({ kind: "receiver left", id });
    });
  }

  /** The thread sends nothing more to the receiver with this number. */
  takeBack(id: number): void {
    const lendable = this.#lent.get(id);
    this.#lent.delete(id);
    lendable?.socket.close();
    lendable?.onClosed();
  }

  /** The thread has ended, or is about to: a moment later it sends nothing any more. */
  close(): void {
    this.#clock.after(ENDED_MS, () => {
      for (const id of [...this.#lent.keys()]) this.takeBack(id);
    });
  }
}

/** Resolves once a receiver has left, or says too much. What it says is passed over. */
export async function untilLeft(socket: Pick<StreamSocket, "read">): Promise<void> {
  const unused = new Uint8Array(READ_BYTES);
  for (let said = 0; said < MAX_SAID_BYTES;) {
    const count = await socket.read(unused).catch(() => null);
    if (count === null) return;
    said += count;
  }
}

/** A thread that is ended may finish what it is at. */
const ENDED_MS = 1000;
const READ_BYTES = 512;
/** Receivers have nothing to say. */
const MAX_SAID_BYTES = 65_536;
