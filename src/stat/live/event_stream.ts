/** Server-sent events to many clients; none of them makes the server wait or keep more and more. */
import type { Clock } from "../../session/clock.ts";
import { Shares } from "../../session/shares.ts";

const MAX_CLIENTS = 32;
/** What may wait for a client to read it: some snapshots of a full server, or a greeting. */
const MAX_WAITING_BYTES = 1 << 20;
/** A client comes back after this, so that it has to show again that it may. */
const MAX_AGE_MS = 10 * 60_000;

/** One event as it goes over the wire (HTML, 9.2 Server-sent events). */
export type EncodedEvent = Uint8Array<ArrayBuffer>;

/** Encodes an event: `data` as JSON, which has no line breaks. */
export function encodeEvent(event: string, data: unknown, id?: number): EncodedEvent {
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  return new TextEncoder().encode(`event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`);
}

export interface EventStreamOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** The first client has come, or the last one has gone. */
  readonly onAudience: (present: boolean) => void;
}

/** Clients that are told what happens, each as fast as it reads: one that falls behind is let go. */
export class EventStream {
  readonly #options: EventStreamOptions;
  /** With what ends each. */
  readonly #clients = new Map<Client, () => void>();
  readonly #shares = new Shares({ total: MAX_CLIENTS });

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /**
   * A new client. Where there are too many, the oldest of the address that has the most is let go.
   * @param greeting what it is sent first
   * @param address the client's
   * @param validity ends it when it is aborted
   * @returns the answer's body
   */
  join(
    greeting: readonly EncodedEvent[],
    address: string,
    validity: AbortSignal,
  ): ReadableStream<EncodedEvent> {
    const end = () => client.end();
    const place = this.#shares.take({ address, giveWay: end });
    const client = new Client(this.#options.clock.monotonic(), () => {
      validity.removeEventListener("abort", end);
      place?.release();
      this.#leave(client);
    });
    validity.addEventListener("abort", end);
    this.#clients.set(client, end);
    for (const event of greeting) client.send(event);
    if (this.#clients.size === 1) this.#options.onAudience(true);
    return client.body;
  }

  /** Sends an event to all. */
  send(event: EncodedEvent): void {
    const now = this.#options.clock.monotonic();
    for (const client of [...this.#clients.keys()]) {
      client.send(event);
      if (now - client.joinedAt >= MAX_AGE_MS) client.end();
    }
  }

  /** Ends all clients' streams; they may come back. */
  close(): void {
    for (const end of [...this.#clients.values()]) end();
  }

  #leave(client: Client): void {
    if (this.#clients.delete(client) && this.#clients.size === 0) this.#options.onAudience(false);
  }
}

/** What waits for one client stays here, not in its stream, so that it can be thrown away. */
class Client {
  readonly joinedAt: number;
  readonly body: ReadableStream<EncodedEvent>;
  readonly #onEnd: () => void;
  readonly #waiting: EncodedEvent[] = [];
  #waitingBytes = 0;
  /** Where the next event goes at once, because it is waited for. */
  #reader: ReadableStreamDefaultController<EncodedEvent> | undefined;
  #ended = false;

  /** @param onEnd called once, also where the client leaves by itself */
  constructor(joinedAt: number, onEnd: () => void) {
    this.joinedAt = joinedAt;
    this.#onEnd = onEnd;
    this.body = new ReadableStream<EncodedEvent>({
      pull: (controller) => {
        this.#reader = controller;
        this.#pass();
      },
      cancel: () => {
        this.#reader = undefined;
        this.end();
      },
    }, { highWaterMark: 0 });
  }

  send(event: EncodedEvent): void {
    if (this.#ended) return;
    this.#waiting.push(event);
    this.#waitingBytes += event.length;
    this.#pass();
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#drop();
  }

  /** What waits is still sent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#pass();
  }

  /** It is too slow. */
  #drop(): void {
    this.#waiting.length = 0;
    this.end();
  }

  /** Passes an event on where one is waited for. */
  #pass(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const event = this.#waiting.shift();
    if (event !== undefined) {
      this.#reader = undefined;
      this.#waitingBytes -= event.length;
      reader.enqueue(event);
    } else if (this.#ended) {
      this.#reader = undefined;
      reader.close();
    }
  }
}
