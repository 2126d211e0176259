/** One request of an HTTP/2 connection and its answer. */
import type { Field } from "../request_head.ts";
import { dataFrames, FLAGS, frame, MAX_PAYLOAD_BYTES, numbers, resetFrame } from "./frames.ts";
import { encodeHeader } from "./hpack_encoder.ts";
import { type ErrorCode, Http2Error } from "./http2_error.ts";

/** The largest that a window may be (RFC 9113 6.9.1). */
export const MAX_WINDOW = 0x7fff_ffff;

/** Sent of one answer before others have their turn. */
const MAX_SENT_BYTES = 4 * MAX_PAYLOAD_BYTES;

/** Where the frames of a connection go. */
export interface FrameOutput {
  /** Sends what has to be told; nobody waits for it. */
  tell(bytes: Uint8Array): void;
  /**
   * Sends part of an answer. Resolves once the system has taken it, rejects where nobody does; until
   * then it must not change.
   */
  send(...parts: readonly Uint8Array[]): Promise<void>;
  /** Resolves when more of answers may be sent; `undefined` where it may be now. */
  readonly full: Promise<void> | undefined;
}

/** How much the peer takes yet (RFC 9113 5.2). */
export class SendWindow {
  #bytes: number;
  #wake: (() => void)[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws {Http2Error} where it becomes larger than it may be */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MAX_WINDOW) {
      throw new Http2Error("FLOW_CONTROL_ERROR", "a window is too large");
    }
    if (bytes > 0) this.wake();
  }

  /** Has all look again who wait. */
  wake(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  /** Resolves when it may have changed. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }
}

export interface Http2StreamOptions {
  /** Whether more than the head comes. */
  readonly hasBody: boolean;
  readonly window: SendWindow;
  readonly connectionWindow: SendWindow;
  readonly output: FrameOutput;
  /** Told how much of the body is needed no longer: read, or of no use. */
  readonly onRead: (bytes: number) => void;
}

/** A request, as its frames come, and the way back to its client. */
export class Http2Stream {
  readonly id: number;
  /** As they came, with those that begin with a colon. */
  readonly fields: readonly Field[];
  readonly window: SendWindow;
  readonly #output: FrameOutput;
  readonly #connectionWindow: SendWindow;
  #bodyState: "open" | "over" | "abandoned";
  readonly #body: Uint8Array<ArrayBuffer>[] = [];
  readonly #onRead: (bytes: number) => void;
  #wakeReader: () => void = () => {};
  readonly #onAbandoned: (() => void)[] = [];
  #answerState: "none" | "begun" | "over" = "none";
  #isAtConnection = false;

  constructor(
    id: number,
    fields: readonly Field[],
    { hasBody, window, connectionWindow, output, onRead }: Http2StreamOptions,
  ) {
    this.id = id;
    this.fields = fields;
    this.window = window;
    this.#connectionWindow = connectionWindow;
    this.#output = output;
    this.#onRead = onRead;
    this.#bodyState = hasBody ? "open" : "over";
  }

  /** Whether the client sends nothing more on it. */
  get isBodyOver(): boolean {
    return this.#bodyState === "over";
  }

  get isAbandoned(): boolean {
    return this.#bodyState === "abandoned";
  }

  /** Whether its answer has begun. */
  get isBegun(): boolean {
    return this.#answerState !== "none";
  }

  /** Whether its answer has been sent whole. */
  get isAnswered(): boolean {
    return this.#answerState === "over";
  }

  /** Whether its answer waits for the connection, which others have too, and not for its reader. */
  get isAtConnection(): boolean {
    return this.#isAtConnection;
  }

  /** More of the body has come. */
  takeBody(bytes: Uint8Array<ArrayBuffer>, isLast: boolean): void {
    if (this.isAbandoned) return;
    if (bytes.length > 0) this.#body.push(bytes);
    if (isLast) this.#bodyState = "over";
    this.#wakeReader();
  }

  /** Has `tell` called when the client or the connection ends it before it is answered. */
  onceAbandoned(tell: () => void): void {
    if (this.isAbandoned) tell();
    else this.#onAbandoned.push(tell);
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    if (this.isAbandoned || this.isAnswered) return;
    this.#bodyState = "abandoned";
    this.dropBody();
    this.#wakeReader();
    this.window.wake();
    this.#connectionWindow.wake();
    for (const tell of this.#onAbandoned.splice(0)) tell();
  }

  /**
   * What comes next of the body, for which the client may send as much again.
   * @returns `undefined` at its end, or where it breaks off: see {@link isAbandoned}
   */
  async nextBody(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (;;) {
      const piece = this.#body.shift();
      if (piece !== undefined) {
        this.#onRead(piece.length);
        if (this.#bodyState === "open") {
          this.#output.tell(frame("WINDOW_UPDATE", 0, this.id, numbers(piece.length)));
        }
        return piece;
      }
      if (this.#bodyState !== "open") return undefined;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
  }

  /** What has come of the body is of no use. */
  dropBody(): void {
    for (const { length } of this.#body.splice(0)) this.#onRead(length);
  }

  /** Begins the answer. @param isWhole whether there is no body */
  async sendHead(fields: Iterable<Field>, isWhole: boolean): Promise<void> {
    if (this.isAbandoned) return;
    this.#answerState = isWhole ? "over" : "begun";
    let block = encodeHeader(fields);
    const end = isWhole ? FLAGS.END_STREAM : 0;
    let type: "HEADERS" | "CONTINUATION" = "HEADERS";
    const parts: Uint8Array[] = [];
    do {
      const part = block.subarray(0, MAX_PAYLOAD_BYTES);
      block = block.subarray(part.length);
      const flags = (type === "HEADERS" ? end : 0) | (block.length === 0 ? FLAGS.END_HEADERS : 0);
      parts.push(frame(type, flags, this.id, part));
      type = "CONTINUATION";
    } while (block.length > 0);
    // Nothing may come between them (RFC 9113 4.3).
    await this.#atConnection(this.#output.send(...parts));
  }

  /**
   * Sends part of the body as the client takes it.
   * @param took told of each part that the system has taken
   * @returns whether somebody still waits for it
   */
  async sendBody(
    bytes: Uint8Array,
    isLast: boolean,
    took: (bytes: number) => void,
  ): Promise<boolean> {
    for (let at = 0; at < bytes.length || (isLast && at === 0);) {
      const room = Math.min(this.window.bytes, this.#connectionWindow.bytes, MAX_SENT_BYTES);
      if (this.isAbandoned) return false;
      if (room <= 0 && at < bytes.length) {
        const { window } = this;
        await (window.bytes <= 0 ? window : this.#connectionWindow).changed();
        continue;
      }
      const { full } = this.#output;
      if (full !== undefined) {
        await this.#atConnection(full);
        took(0);
        continue;
      }
      const part = bytes.subarray(at, at + Math.max(0, room));
      at += part.length;
      this.window.add(-part.length);
      this.#connectionWindow.add(-part.length);
      const isEnd = isLast && at === bytes.length;
      if (isEnd) this.#answerState = "over";
      await this.#atConnection(this.#output.send(...dataFrames(this.id, part, isEnd)));
      took(part.length);
      if (isEnd) break;
    }
    return !this.isAbandoned;
  }

  /**
   * Sends a whole answer whose header block is made.
   * @param took told of each part of the body that the system has taken
   */
  async sendWhole(
    block: Uint8Array,
    body: Uint8Array,
    took: (bytes: number) => void,
  ): Promise<void> {
    if (this.isAbandoned) return;
    this.#answerState = "begun";
    const head = frame("HEADERS", FLAGS.END_HEADERS, this.id, block);
    // It goes out together with the body that is told next.
    const sending = this.#output.send(head);
    await Promise.all([sending, this.sendBody(body, true, took)]);
  }

  async #atConnection(sending: Promise<void>): Promise<void> {
    this.#isAtConnection = true;
    try {
      await sending;
    } finally {
      this.#isAtConnection = false;
    }
  }

  /** Ends it without an answer, or without the rest of one. */
  reset(code: ErrorCode): void {
    if (this.isAbandoned || this.isAnswered) return;
    this.#output.tell(resetFrame(this.id, code));
    this.abandon();
  }
}

/**
 * Gives what is aborted when nobody waits for the answer any more. It is made where somebody asks for
 * it: it would cost each request.
 */
export function signalOf(stream: Http2Stream): () => AbortSignal {
  let left: AbortController | undefined;
  return () => {
    if (left === undefined) {
      const controller = left = new AbortController();
      stream.onceAbandoned(() => controller.abort());
    }
    return left.signal;
  };
}
