/** Reads requests from the bytes of a connection. It has no I/O. */
import { Buffer } from "node:buffer";
import { type BodyDecoder, ChunkedBody, SizedBody } from "./body_decoder.ts";
import { HttpError } from "./http_error.ts";
import {
  findHeadEnd,
  findTargetEnd,
  MAX_HEAD_BYTES,
  parseHead,
  type RequestHead,
} from "./request_head.ts";

/** What most heads fit into. Each connection has so much, whether it says anything or not. */
const SMALL_BUFFER_BYTES = 2048;

/** Longer heads are parsed each time. */
const MAX_REMEMBERED_BYTES = 2048;

const [LF, CR, SPACE] = [0x0a, 0x0d, 0x20];
const GET = "GET ";

/**
 * Takes the bytes of a connection and gives the requests that they are, one after the other: a
 * head, then its body, then the next head. It holds at most {@link MAX_HEAD_BYTES}.
 */
export class RequestReader {
  #buffer: Buffer = Buffer.allocUnsafeSlow(SMALL_BUFFER_BYTES);
  #start = 0;
  #end = 0;
  /** Where the last head began; void once {@link space} is asked for. */
  #headStart = 0;
  /** Everything before it has been looked at for the end of a head. */
  #seenTo = 0;
  /** Whether the empty line has come that may stand before a request (RFC 9112 2.2). */
  #hasEmptyLine = false;
  #body: BodyDecoder | undefined;
  /** All that stood behind the target of a GET, up to the end of its head. */
  #remembered: Uint8Array | undefined;

  /** Where the next bytes are to be put; views of the body are void then. */
  get space(): Uint8Array {
    if (this.#start === this.#end) this.#reset();
    else if (this.#end === this.#buffer.length) this.#makeRoom();
    return this.#end === 0 ? this.#buffer : this.#buffer.subarray(this.#end);
  }

  /** So many bytes have been put into {@link space}. */
  added(count: number): void {
    this.#end += count;
  }

  /** Whether nothing waits to be read. */
  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  /** Whether the body of the last request has been read to its end. */
  get isBodyOver(): boolean {
    return this.#body === undefined || this.#body.isOver;
  }

  /**
   * The next request's head, once it is there whole. The body before it has to be over.
   * @throws {HttpError}
   */
  nextHead(): RequestHead | undefined {
    if (!this.#isAtHead()) return undefined;
    const range = { start: this.#start, from: this.#seenTo, end: this.#end };
    const end = findHeadEnd(this.#buffer, range);
    if ((end ?? this.#end + 1) - this.#start > MAX_HEAD_BYTES) {
      throw new HttpError(431, `the head is too long: at most ${MAX_HEAD_BYTES} bytes are taken`);
    }
    this.#seenTo = end ?? this.#end;
    if (end === undefined) return undefined;
    const head = parseHead(this.#buffer, this.#start, end);
    this.#headStart = this.#start;
    this.#start = end;
    this.#hasEmptyLine = false;
    this.#body = head.body === 0 ? undefined : decoderOf(head.body);
    return head;
  }

  /**
   * Remembers what stands behind the target of the GET whose head {@link nextHead} has just given,
   * and which has no body.
   */
  rememberHead({ method, target }: RequestHead): void {
    const tailAt = this.#headStart + method.length + 1 + target.length;
    const tail = this.#buffer.subarray(tailAt, this.#start);
    if (this.#remembered !== undefined && tail.equals(this.#remembered)) return;
    this.#remembered = tail.length > MAX_REMEMBERED_BYTES ? undefined : Uint8Array.from(tail);
  }

  /**
   * The target of the next request, where that is a GET whose head is, byte by byte, as the
   * remembered one from behind the target to its end. It is not taken: see {@link passRepeated}.
   */
  get repeatedTarget(): string | undefined {
    const tail = this.#remembered;
    const [buffer, start] = [this.#buffer, this.#start + GET.length];
    if (tail === undefined || !this.isBodyOver) return undefined;
    const end = findTargetEnd(buffer, start, this.#end);
    const isRepeated = end > start && end + tail.length <= this.#end &&
      isGet(buffer, this.#start) &&
      buffer.compare(tail, 0, tail.length, end, end + tail.length) === 0;
    return isRepeated ? buffer.toString("latin1", start, end) : undefined;
  }

  /** Passes over the request that {@link repeatedTarget} has just given. */
  passRepeated(target: string): void {
    this.#start += GET.length + target.length + (this.#remembered?.length ?? 0);
    this.#seenTo = this.#start;
    this.#hasEmptyLine = false;
    this.#body = undefined;
  }

  /**
   * More of the body, as a view that is valid until {@link space} is asked for.
   * @returns `undefined` where more has to come; see {@link isBodyOver}
   * @throws {HttpError}
   */
  nextBody(): Uint8Array | undefined {
    if (this.#body === undefined) return undefined;
    const { used, data } = this.#body.take(this.#buffer.subarray(this.#start, this.#end));
    this.#start += used;
    this.#seenTo = this.#start;
    return data;
  }

  /** Passes over an empty line. @returns whether a head begins here */
  #isAtHead(): boolean {
    if (!this.#hasEmptyLine && this.#buffer[this.#start] === CR && !this.isEmpty) {
      if (this.#end - this.#start < 2) return false;
      if (this.#buffer[this.#start + 1] !== LF) throw new HttpError(400, "a CR stands alone");
      this.#start += 2;
      this.#seenTo = this.#start;
      this.#hasEmptyLine = true;
    }
    if (this.isEmpty) return false;
    // What is no HTTP at all, such as TLS, would be waited for.
    const first = this.#buffer[this.#start] ?? 0;
    if (first < 0x41 || first > 0x5a) throw new HttpError(400, "the method is none");
    return true;
  }

  #reset(): void {
    this.#start = this.#end = this.#seenTo = 0;
    if (this.#buffer.length > SMALL_BUFFER_BYTES) {
      this.#buffer = Buffer.allocUnsafeSlow(SMALL_BUFFER_BYTES);
    }
  }

  #makeRoom(): void {
    const waiting = this.#buffer.subarray(this.#start, this.#end);
    if (waiting.length === this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.min(2 * waiting.length, MAX_HEAD_BYTES));
    }
    this.#buffer.set(waiting);
    this.#seenTo -= this.#start;
    this.#end -= this.#start;
    this.#start = 0;
  }
}

/** Whether the request line that begins at `at` is that of a GET. */
function isGet(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x47 && bytes[at + 1] === 0x45 && bytes[at + 2] === 0x54 &&
    bytes[at + 3] === SPACE;
}

function decoderOf(body: number | "chunked"): BodyDecoder {
  return body === "chunked" ? new ChunkedBody() : new SizedBody(body);
}
