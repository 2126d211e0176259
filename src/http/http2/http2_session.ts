/** What a client says by HTTP/2 (RFC 9113): requests, and what goes with them. It has no socket. */
import {
  FLAGS,
  frame,
  FRAME_TYPES,
  FrameReader,
  goAwayFrame,
  type Http2Frame,
  isAck,
  numbers,
  resetFrame,
  settingsFrame,
  settingsIn,
  uint32,
} from "./frames.ts";
import { type HeaderLimits, HpackDecoder } from "./hpack_decoder.ts";
import { type ErrorCode, Http2Error } from "./http2_error.ts";
import { type FrameOutput, Http2Stream, MAX_WINDOW, SendWindow } from "./http2_stream.ts";

/** Requests that may be under way at a time. */
const MAX_STREAMS = 100;
/** Requests that a client may take back before they are answered, beyond those that it lets be. */
const MAX_TAKEN_BACK = 200;
/** Requests beyond those that may be under way, of a client that goes on asking for them. */
const MAX_REFUSED = 200;
/** What may be sent before the other end allows more (RFC 9113 6.9.2). */
const FIRST_WINDOW = 65_535;
/** Frames that the fields of one request may come in. */
const MAX_HEADER_FRAMES = 16;

// RFC 9113 6.5.2.
const SETTINGS_MAX_CONCURRENT_STREAMS = 0x3;
const SETTINGS_INITIAL_WINDOW_SIZE = 0x4;
const SETTINGS_MAX_HEADER_LIST_SIZE = 0x6;

export interface Http2SessionOptions extends HeaderLimits {
  readonly output: FrameOutput;
  readonly onRequest: (stream: Http2Stream) => void;
}

/** One connection's requests. It is given bytes, and tells what they mean. */
export class Http2Session {
  readonly #options: Http2SessionOptions;
  readonly #reader = new FrameReader();
  readonly #decoder: HpackDecoder;
  /** Those that are not over, by id. */
  readonly #streams = new Map<number, Http2Stream>();
  readonly #window = new SendWindow(FIRST_WINDOW);
  #firstWindow = FIRST_WINDOW;
  #lastId = 0;
  /** A header that has come in part. */
  #header: PartialHeader | undefined;
  #takenBack = 0;
  #refused = 0;
  /** Bytes of bodies that have come and were not read. */
  #unread = 0;
  #state: "new" | "open" | "leaving" = "new";

  constructor(options: Http2SessionOptions) {
    this.#options = options;
    this.#decoder = new HpackDecoder(options);
    options.output.tell(settingsFrame([
      [SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS],
      [SETTINGS_MAX_HEADER_LIST_SIZE, options.maxBytes],
    ]));
  }

  /** How many requests are under way. */
  get requests(): number {
    return this.#streams.size;
  }

  /** Whether a head is waited for: the first one, or one that has begun and is not whole. */
  get isAmidstHead(): boolean {
    return this.#lastId === 0 || this.#header !== undefined || this.#reader.isAmidst;
  }

  /**
   * Takes what has come.
   * @throws {Http2Error} where nothing more of it can be understood
   */
  feed(bytes: Uint8Array): void {
    for (const frame of this.#reader.read(bytes)) this.#take(frame);
  }

  /** The request is answered, or will not be. */
  finished(stream: Http2Stream): void {
    // The rest of its body is of no use to anybody (RFC 9113 8.1).
    stream.dropBody();
    if (!stream.isBodyOver && !stream.isAbandoned) {
      this.#options.output.tell(resetFrame(stream.id, "NO_ERROR"));
    }
    this.#streams.delete(stream.id);
    if (stream.isAnswered) this.#takenBack = Math.max(0, this.#takenBack - 1);
  }

  /** Serves no further requests. */
  leave(code: ErrorCode): void {
    if (this.#state === "leaving") return;
    this.#state = "leaving";
    this.#options.output.tell(goAwayFrame(this.#lastId, code));
  }

  /** The connection is gone. */
  abandon(): void {
    for (const stream of this.#streams.values()) stream.abandon();
  }

  #take(frame: Http2Frame): void {
    const { type } = frame;
    if (this.#state === "new") {
      if (type !== FRAME_TYPES.SETTINGS || isAck(frame)) {
        throw bad("it does not begin with SETTINGS");
      }
      this.#state = "open";
    }
    if (this.#header !== undefined && type !== FRAME_TYPES.CONTINUATION) {
      throw bad("there is a frame in the middle of a header");
    }
    if (type === FRAME_TYPES.DATA) this.#takeData(frame);
    else if (type === FRAME_TYPES.HEADERS) this.#takeHeaders(frame);
    else if (type === FRAME_TYPES.CONTINUATION) this.#takeContinuation(frame);
    else if (type === FRAME_TYPES.RST_STREAM) this.#takeReset(frame);
    else if (type === FRAME_TYPES.SETTINGS) this.#takeSettings(frame);
    else if (type === FRAME_TYPES.PING) this.#takePing(frame);
    else if (type === FRAME_TYPES.WINDOW_UPDATE) this.#takeWindowUpdate(frame);
    else if (type === FRAME_TYPES.PUSH_PROMISE) throw bad("a client pushes");
    // PRIORITY, GOAWAY and what is not known change nothing.
  }

  #takeData(received: Http2Frame): void {
    const { streamId, flags, payload } = received;
    this.#requireKnown(streamId);
    const stream = this.#streams.get(streamId);
    this.#unread += payload.length;
    if (this.#unread > FIRST_WINDOW) {
      throw new Http2Error("FLOW_CONTROL_ERROR", "there is more of bodies than may be sent");
    }
    if (stream === undefined || stream.isAbandoned) return this.#read(payload.length);
    if (stream.isBodyOver) {
      throw new Http2Error("STREAM_CLOSED", "there is more of a body that is over");
    }
    const body = withoutPadding(received).slice();
    const isLast = (flags & FLAGS.END_STREAM) !== 0;
    const padding = payload.length - body.length;
    this.#read(padding);
    if (padding > 0 && !isLast) this.#allow(streamId, padding);
    stream.takeBody(body, isLast);
  }

  /** The client may send so much again (RFC 9113 6.9). */
  #read(bytes: number): void {
    this.#unread -= bytes;
    if (bytes > 0) this.#allow(0, bytes);
  }

  #allow(streamId: number, bytes: number): void {
    this.#options.output.tell(frame("WINDOW_UPDATE", 0, streamId, numbers(bytes)));
  }

  #takeHeaders(frame: Http2Frame): void {
    const { streamId, flags } = frame;
    if (streamId % 2 === 0) throw bad("a request has a number that no client gives");
    let block = withoutPadding(frame);
    if ((flags & FLAGS.PRIORITY) !== 0) {
      if (block.length < 5) throw tooShort();
      block = block.subarray(5);
    }
    const endsStream = (flags & FLAGS.END_STREAM) !== 0;
    this.#header = { streamId, endsStream, block: block.slice(), frames: 1 };
    if ((flags & FLAGS.END_HEADERS) !== 0) this.#endHeader(this.#header);
  }

  #takeContinuation({ streamId, flags, payload }: Http2Frame): void {
    const header = this.#header;
    if (header === undefined || header.streamId !== streamId) throw bad("nothing is continued");
    header.frames++;
    const length = header.block.length + payload.length;
    if (length > this.#options.maxBytes || header.frames > MAX_HEADER_FRAMES) {
      throw new Http2Error("ENHANCE_YOUR_CALM", "the header is too large");
    }
    const block = new Uint8Array(length);
    block.set(header.block);
    block.set(payload, header.block.length);
    header.block = block;
    if ((flags & FLAGS.END_HEADERS) !== 0) this.#endHeader(header);
  }

  #endHeader({ streamId, endsStream, block }: PartialHeader): void {
    this.#header = undefined;
    // Whatever it is for: what follows may refer to it.
    const fields = this.#decoder.decode(block);
    if (streamId <= this.#lastId) return this.#takeTrailers(streamId, endsStream);
    this.#lastId = streamId;
    if (this.#state === "leaving") return;
    const { output, onRequest } = this.#options;
    if (this.#streams.size >= MAX_STREAMS) {
      if (++this.#refused > MAX_REFUSED) {
        throw new Http2Error("ENHANCE_YOUR_CALM", "too many requests are under way");
      }
      return output.tell(resetFrame(streamId, "REFUSED_STREAM"));
    }
    const stream = new Http2Stream(streamId, fields, {
      hasBody: !endsStream,
      window: new SendWindow(this.#firstWindow),
      connectionWindow: this.#window,
      output,
      onRead: (bytes) => this.#read(bytes),
    });
    this.#streams.set(streamId, stream);
    onRequest(stream);
  }

  /** Fields behind a body are of no use here; they end it (RFC 9113 8.1). */
  #takeTrailers(streamId: number, endsStream: boolean): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream.isAbandoned) return;
    if (!endsStream || stream.isBodyOver) throw bad("a request has two headers");
    stream.takeBody(new Uint8Array(), true);
  }

  #takeReset({ streamId, payload }: Http2Frame): void {
    if (payload.length !== 4) throw tooShort();
    this.#requireKnown(streamId);
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream.isAbandoned) return;
    stream.abandon();
    if (++this.#takenBack > MAX_TAKEN_BACK) {
      throw new Http2Error("ENHANCE_YOUR_CALM", "too many requests are taken back");
    }
  }

  #takeSettings(received: Http2Frame): void {
    const { payload, streamId } = received;
    if (streamId !== 0) throw bad("SETTINGS are of a request");
    if (payload.length % 6 !== 0 || (isAck(received) && payload.length > 0)) throw tooShort();
    if (isAck(received)) return;
    let firstWindow = this.#firstWindow;
    for (const [id, value] of settingsIn(payload)) {
      if (id === SETTINGS_INITIAL_WINDOW_SIZE) firstWindow = value;
    }
    this.#setFirstWindow(firstWindow);
    this.#options.output.tell(frame("SETTINGS", FLAGS.ACK, 0, new Uint8Array()));
  }

  /** RFC 9113 6.9.2: windows may become negative. */
  #setFirstWindow(bytes: number): void {
    if (bytes > MAX_WINDOW) throw new Http2Error("FLOW_CONTROL_ERROR", "a window is too large");
    if (bytes === this.#firstWindow) return;
    for (const { window } of this.#streams.values()) window.add(bytes - this.#firstWindow);
    this.#firstWindow = bytes;
  }

  #takePing(received: Http2Frame): void {
    if (received.payload.length !== 8) throw tooShort();
    if (received.streamId !== 0) throw bad("PING is of a request");
    if (isAck(received)) return;
    this.#options.output.tell(frame("PING", FLAGS.ACK, 0, received.payload));
  }

  #takeWindowUpdate({ streamId, payload }: Http2Frame): void {
    if (payload.length !== 4) throw tooShort();
    this.#requireKnown(streamId, 0);
    const bytes = uint32(payload, 0) & 0x7fff_ffff;
    if (bytes === 0) throw bad("a window grows by nothing");
    if (streamId === 0) this.#window.add(bytes);
    else this.#streams.get(streamId)?.window.add(bytes);
  }

  /** @throws {Http2Error} where there has been no such request (RFC 9113 5.1.1) */
  #requireKnown(streamId: number, lowest = 1): void {
    if (streamId < lowest || streamId > this.#lastId) throw bad("there is no such request");
  }
}

/** The header of a request, as far as it has come. */
interface PartialHeader {
  readonly streamId: number;
  readonly endsStream: boolean;
  block: Uint8Array;
  frames: number;
}

/** RFC 9113 6.1 and 6.2. */
function withoutPadding({ flags, payload }: Http2Frame): Uint8Array {
  if ((flags & FLAGS.PADDED) === 0) return payload;
  const [padding = payload.length] = payload;
  if (padding >= payload.length) throw bad("there is more padding than there is room");
  return payload.subarray(1, payload.length - padding);
}

function bad(why: string): Http2Error {
  return new Http2Error("PROTOCOL_ERROR", why);
}

function tooShort(): Http2Error {
  return new Http2Error("FRAME_SIZE_ERROR", "a frame has not the length that it has to have");
}
