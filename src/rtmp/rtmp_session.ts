import { UnsupportedAudio } from "../audio/unsupported_audio.ts";
import {
  type Ingest,
  isAboutWhatWasTyped,
  PublishRefused,
  type RefusalKind,
} from "../session/ingest.ts";
import type { AmfObject } from "./amf_value.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { readCommand } from "./command.ts";
import { Handshake } from "./handshake.ts";
import { MessageType, UserControlEvent } from "./message_type.ts";
import type { PublishTarget } from "../session/typed_text.ts";
import { publishHint, publishTarget } from "./publish_target.ts";
import { PublishedStream } from "./published_stream.ts";
import { Replies } from "./replies.ts";
import { RtmpError } from "./rtmp_error.ts";

/** Bytes between acknowledgements: asked of the peer, and kept until it asks for another number. */
const WINDOW_SIZE = 2_500_000;
const CHUNK_SIZE = 4096;
const MAX_STREAMS = 16;
/**
 * What may come before a publish is answered. Encoders wait for the answer; for those that do not,
 * whoever feeds the session stops in time by {@link RtmpSession.heldBytes}.
 */
const MAX_HELD_BYTES = 131_072;
/** What a held message weighs beside its payload, which may be empty. */
const HELD_OVERHEAD = 64;

/** Status codes by kind of refusal; encoders know these as errors that end a publish. */
const REFUSAL_CODES: Readonly<Record<RefusalKind, string>> = {
  "invalid-name": "NetStream.Publish.BadName",
  "name-in-use": "NetStream.Publish.BadName",
  "key-required": "NetStream.Publish.Denied",
  "key-unknown": "NetStream.Publish.Denied",
  "key-expired": "NetStream.Publish.Denied",
  "not-allowed": "NetStream.Publish.Denied",
  "unavailable": "NetStream.Publish.Rejected",
  "limit": "NetStream.Publish.Rejected",
  "stopping": "NetStream.Publish.Rejected",
};

export interface RtmpSessionOptions {
  /**
   * Called when the encoder asks to publish.
   * @returns `undefined` where the answer comes later, by {@link RtmpSession.answer}
   * @throws {PublishRefused} which the encoder is told
   */
  readonly publish: (target: PublishTarget) => Ingest | undefined;
  /** Takes bytes for the peer, in order; they are the receiver's to keep. */
  readonly send: (bytes: Uint8Array) => void;
  /** Told of each message that is passed over, or used only as far as it could be read. */
  readonly onUnused: (message: UnusedMessage) => void;
}

/** A message that the connection does without. */
export interface UnusedMessage {
  /** Message type id. */
  readonly type: number;
  /** Bytes of its payload. */
  readonly length: number;
  /** Fit for a log line. */
  readonly why: string;
}

/**
 * How far a connection is: `handshake` → `connecting` (waits for `connect`) → `connected` ⇄
 * `publishing`, by way of `asking` where a publish is answered later; `over` from any of them.
 */
export type RtmpState =
  | "handshake"
  | "connecting"
  | "connected"
  | "asking"
  | "publishing"
  | "over";

/** A message of a stream whose publish is not answered yet. */
interface HeldMessage {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly length: number;
}

/**
 * The server's side of one RTMP connection, without the connection: bytes go in, answers and the
 * stream's audio come out while `feed` runs.
 */
export class RtmpSession {
  readonly #publish: RtmpSessionOptions["publish"];
  readonly #send: RtmpSessionOptions["send"];
  readonly #onUnused: RtmpSessionOptions["onUnused"];
  readonly #replies: Replies;
  readonly #handshake = new Handshake();
  readonly #chunks = new ChunkReader((...message) => this.#onMessage(...message));
  #state: RtmpState = "handshake";
  #app = "";
  #streamName = "";
  #streamCount = 0;
  #stream: PublishedStream | undefined;
  #streamId = 0;
  #held: HeldMessage[] = [];
  #heldBytes = 0;
  #received = 0;
  #acknowledged = 0;
  #windowSize = WINDOW_SIZE;

  constructor({ publish, send, onUnused }: RtmpSessionOptions) {
    this.#publish = publish;
    this.#send = send;
    this.#onUnused = onUnused;
    this.#replies = new Replies(send);
  }

  get state(): RtmpState {
    return this.#state;
  }

  /**
   * Takes what the peer sent; a piece may begin and end anywhere.
   * @throws {RtmpError} the connection is to be closed, once what was sent has gone out
   */
  feed(bytes: Uint8Array): void {
    if (this.#state === "over") return;
    this.#received += bytes.length;
    let chunks = bytes;
    if (this.#state === "handshake") {
      chunks = bytes.subarray(this.#handshake.feed(bytes, this.#send));
      if (!this.#handshake.done) return;
      this.#state = "connecting";
    }
    this.#chunks.feed(chunks);
    if (this.#received - this.#acknowledged >= this.#windowSize) {
      this.#acknowledged = this.#received;
      this.#replies.acknowledge(this.#received);
    }
  }

  /** Bytes of audio and data that wait for the publish to be answered. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Answers the publish that waits; does nothing where none does any more.
   * @param publish lets it in, or throws {@link PublishRefused}
   * @throws {RtmpError} as {@link feed} does
   */
  answer(publish: () => Ingest): void {
    if (this.#state !== "asking") return;
    this.#begin(this.#accept(publish));
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const { type, payload, timestamp, length } of held) {
      this.#onMessage(type, payload, timestamp, this.#streamId, length);
    }
  }

  /** Tells a publishing encoder that the server ends its publish, and why. */
  dismiss(why: string): void {
    if (this.#state !== "publishing") return;
    this.#replies.status(this.#streamId, "error", "NetStream.Publish.Rejected", why);
  }

  /** The connection is gone or will be; a stream that was being published is lost. */
  close(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#held = [];
    this.#heldBytes = 0;
    this.#stream?.end("lost");
    this.#stream = undefined;
  }

  #onMessage(
    type: number,
    payload: Uint8Array,
    timestamp: number,
    streamId: number,
    length: number,
  ): void {
    // What was fed may go on behind the message that ended it.
    if (this.#state === "over") return;
    if (this.#state === "asking" && isOfStream(type)) {
      return this.#hold({ type, payload, timestamp, length });
    }
    const isCut = payload.length < length;
    const unused = (why: string) => this.#onUnused({ type, length, why });
    switch (type) {
      case MessageType.Audio:
        if (this.#stream !== undefined) this.#onAudio(this.#stream, payload, timestamp, isCut);
        break;
      case MessageType.Data:
      case MessageType.DataAmf3:
        this.#stream?.data(amf0Of(type, payload), isCut, unused);
        break;
      case MessageType.Command:
      case MessageType.CommandAmf3:
        this.#onCommand(amf0Of(type, payload), streamId, unused);
        break;
      case MessageType.WindowAcknowledgementSize:
        if (payload.length >= 4) this.#windowSize = uint32(payload) || WINDOW_SIZE;
        break;
      case MessageType.UserControl:
        if (payload.length >= 6 && uint16(payload) === UserControlEvent.PingRequest) {
          this.#replies.pingResponse(payload.subarray(2, 6));
        }
        break;
      case MessageType.Acknowledgement:
      case MessageType.SetPeerBandwidth:
        break;
      default:
        unused("of an unknown type");
    }
  }

  /** Audio has to be held; what the broadcast can do without is not, where there is no room. */
  #hold({ type, payload, timestamp, length }: HeldMessage): void {
    const bytes = payload.length + HELD_OVERHEAD;
    if (this.#heldBytes + bytes > MAX_HELD_BYTES) {
      if (type !== MessageType.Audio) {
        return this.#onUnused({ type, length, why: "more than can wait for the publish" });
      }
      throw new RtmpError("Cannot publish: the encoder does not wait for the answer");
    }
    this.#heldBytes += bytes;
    this.#held.push({ type, payload: payload.slice(), timestamp, length });
  }

  #onAudio(stream: PublishedStream, payload: Uint8Array, timestamp: number, isCut: boolean): void {
    try {
      stream.audio(payload, timestamp, isCut);
    } catch (error) {
      if (!(error instanceof UnsupportedAudio)) throw error;
      this.#reject("NetStream.Publish.Rejected", `Unsupported audio: ${error.message}`);
    }
  }

  #onCommand(payload: Uint8Array, streamId: number, unused: (why: string) => void): void {
    const { command, problem } = readCommand(payload);
    if (problem !== undefined) unused(problem);
    switch (command?.name) {
      case "connect":
        return this.#connect(command.transactionId, command.properties);
      case "releaseStream":
      case "FCPublish":
        return this.#replies.result(command.transactionId, null, undefined);
      case "createStream":
        return this.#createStream(command.transactionId);
      case "publish":
        return this.#startPublish(command.streamName, streamId);
      case "FCUnpublish":
        return this.#finish(this.#streamId);
      case "closeStream":
        return this.#finish(streamId);
      case "deleteStream":
        return this.#finish(command.streamId);
    }
  }

  #connect(transactionId: number, properties: AmfObject): void {
    if (this.#state !== "connecting") throw new RtmpError("Cannot connect: connected already");
    const { app, fourCcList, audioFourCcInfoMap, capsEx } = properties;
    this.#app = typeof app === "string" ? app : "";
    this.#state = "connected";
    this.#replies.windowSizes(WINDOW_SIZE);
    this.#replies.setChunkSize(CHUNK_SIZE);
    const enhanced = [fourCcList, audioFourCcInfoMap, capsEx].some((value) => value !== undefined);
    this.#replies.connected(transactionId, enhanced);
  }

  #createStream(transactionId: number): void {
    if (this.#state === "connecting") throw new RtmpError("Cannot create stream: not connected");
    if (this.#streamCount === MAX_STREAMS) {
      throw new RtmpError(`Cannot create stream: more than ${MAX_STREAMS}`);
    }
    this.#replies.result(transactionId, null, ++this.#streamCount);
  }

  #startPublish(streamName: string, streamId: number): void {
    if (this.#state === "connecting") throw new RtmpError("Cannot publish: not connected");
    if (this.#state !== "connected") {
      throw new RtmpError("Cannot publish: this connection publishes already");
    }
    if (streamId < 1 || streamId > this.#streamCount) {
      throw new RtmpError(`Cannot publish: stream ${streamId} was not created`);
    }
    this.#streamId = streamId;
    this.#streamName = streamName;
    const target = publishTarget(this.#app, streamName);
    const ingest = this.#accept(() => this.#publish(target));
    if (ingest !== undefined) this.#begin(ingest);
    else if (this.#state === "connected") this.#state = "asking";
  }

  #begin(ingest: Ingest): void {
    if (this.#state === "over") return ingest.end("lost");
    this.#stream = new PublishedStream(ingest);
    this.#state = "publishing";
    this.#replies.publishing(this.#streamId);
  }

  #accept<T>(publish: () => T): T {
    try {
      return publish();
    } catch (error) {
      if (!(error instanceof PublishRefused)) throw error;
      const hint = isAboutWhatWasTyped(error.kind)
        ? `; ${publishHint(this.#app, this.#streamName)}`
        : "";
      this.#reject(REFUSAL_CODES[error.kind], error.message + hint);
    }
  }

  /** A deliberate end of the stream; encoders say it in up to three ways, one after the other. */
  #finish(streamId: number): void {
    if (this.#state === "asking" && streamId === this.#streamId) {
      throw new RtmpError("The encoder left before its publish was answered");
    }
    if (this.#state !== "publishing" || streamId !== this.#streamId) return;
    this.#state = "connected";
    this.#stream?.end("finished");
    this.#stream = undefined;
    this.#replies.status(
      this.#streamId,
      "status",
      "NetStream.Unpublish.Success",
      "Stopped publishing.",
    );
  }

  #reject(code: string, description: string): never {
    this.#replies.status(this.#streamId, "error", code, description);
    throw new RtmpError(`Publish refused: ${description}`);
  }
}

/** The AMF0 in a command or data message: what is said to be AMF3 begins with a zero byte. */
function amf0Of(type: number, payload: Uint8Array): Uint8Array {
  const isAmf3 = type === MessageType.DataAmf3 || type === MessageType.CommandAmf3;
  return isAmf3 && payload[0] === 0 ? payload.subarray(1) : payload;
}

/** Whether a message is part of what is published. */
function isOfStream(type: number): boolean {
  return type === MessageType.Audio || type === MessageType.Data || type === MessageType.DataAmf3;
}

function uint16(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
