/**
 * Receivers of endless streams that came by another door, in the thread that sends to them. Their
 * connections belong to the thread that lent them.
 *
 * @module
 */
import type { StreamCopies } from "../../hls/progressive/stream_copies.ts";
import { feedLive } from "../../http/live_feed.ts";
import { SystemSockets } from "../../listening/system_socket.ts";
import { mountAnswer, mountHead } from "../mount_answer.ts";
import type { LentReceiver } from "./messages.ts";

/** Serves receivers by the descriptors of their connections. */
export class BorrowedSockets {
  readonly #streams: Pick<StreamCopies, "fileOf" | "join">;
  /** Tells that nothing is sent any more to the receiver with that number. */
  readonly #giveBack: (id: number) => void;
  /** What ends each of them. */
  readonly #leaves = new Map<number, () => void>();
  #sockets: SystemSockets | undefined;

  constructor(
    streams: Pick<StreamCopies, "fileOf" | "join">,
    giveBack: (id: number) => void,
  ) {
    this.#streams = streams;
    this.#giveBack = giveBack;
  }

  /** Serves a receiver until its stream is over, or it has left. */
  async serve(receiver: LentReceiver): Promise<void> {
    const { id } = receiver;
    let hasLeft = false;
    this.#leaves.set(id, () => hasLeft = true);
    try {
      await this.#send(receiver, () => hasLeft);
    } finally {
      this.#leaves.delete(id);
      this.#giveBack(id);
    }
  }

  /** The receiver with this number has left. */
  leave(id: number): void {
    this.#leaves.get(id)?.();
  }

  /** To be called once all streams are over. */
  close(): void {
    this.#sockets?.close();
  }

  async #send(receiver: LentReceiver, hasLeft: () => boolean): Promise<void> {
    const { id, name, descriptor } = receiver;
    const system = (this.#sockets ??= SystemSockets.load())?.at(descriptor);
    const joined = await this.#streams.join(name);
    const file = this.#streams.fileOf(name);
    if (hasLeft() || system === undefined) return;
    if (typeof joined !== "object" || file === undefined) {
      return void system.send(mountHead("503 Service Unavailable"), undefined);
    }
    const source = mountAnswer(joined, file, receiver);
    this.#leaves.set(id, () => source.leave());
    await feedLive(system, source);
  }
}
