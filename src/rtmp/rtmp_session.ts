import { UnsupportedAudio } from "../audio/audio_specific_config.ts";
import { type Ingest, PublishRefused, type RefusalKind } from "../session/ingest.ts";
import { type Amf0Value, isAmf0Object, readAmf0 } from "./amf0.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { Handshake } from "./handshake.ts";
import { MessageType, UserControlEvent } from "./message_type.ts";
import { publishTarget } from "./publish_target.ts";
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
   * Called when the encoder asks to publish; name and key are as they came.
   * @returns `undefined` where the answer comes later, by {@link RtmpSession.answer}
   * @throws {PublishRefused} which the encoder is told
   */
  readonly publish: (name: string, key: string | undefined) => Ingest | undefined;
  /** Takes bytes for the peer, in order; they are the receiver's to keep. */
  readonly send: (bytes: Uint8Array) => void;
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
}

/**
 * The server's side of one RTMP connection, without the connection: bytes go in, answers and the
 * stream's audio come out while `feed` runs.
 */
export class RtmpSession {
  readonly #publish: RtmpSessionOptions["publish"];
  readonly #send: RtmpSessionOptions["send"];
  readonly #replies: Replies;
  readonly #handshake = new Handshake();
  readonly #chunks = new ChunkReader((type, payload, timestamp, streamId) =>
    this.#onMessage(type, payload, timestamp, streamId)
  );
  #state: RtmpState = "handshake";
  #app = "";
  #streamCount = 0;
  #stream: PublishedStream | undefined;
  #streamId = 0;
  #held: HeldMessage[] = [];
  #heldBytes = 0;
  #received = 0;
  #acknowledged = 0;
  #windowSize = WINDOW_SIZE;

  constructor({ publish, send }: RtmpSessionOptions) {
    this.#publish = publish;
    this.#send = send;
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
    for (const { type, payload, timestamp } of held) {
      this.#onMessage(type, payload, timestamp, this.#streamId);
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

  #onMessage(type: number, payload: Uint8Array, timestamp: number, streamId: number): void {
    // What was fed may go on behind the message that ended it.
    if (this.#state === "over") return;
    if (this.#state === "asking" && isOfStream(type)) return this.#hold(type, payload, timestamp);
    switch (type) {
      case MessageType.Audio:
        if (this.#stream !== undefined) this.#onAudio(this.#stream, payload, timestamp);
        break;
      case MessageType.Data:
        this.#stream?.data(payload);
        break;
      case MessageType.DataAmf3:
        this.#stream?.data(payload.subarray(1));
        break;
      case MessageType.Command:
        this.#onCommand(payload, streamId);
        break;
      case MessageType.CommandAmf3:
        // Said to be AMF3, it begins with a zero byte and is AMF0.
        this.#onCommand(payload.subarray(1), streamId);
        break;
      case MessageType.WindowAcknowledgementSize:
        if (payload.length >= 4) this.#windowSize = uint32(payload) || WINDOW_SIZE;
        break;
      case MessageType.UserControl:
        if (payload.length >= 6 && uint16(payload) === UserControlEvent.PingRequest) {
          this.#replies.pingResponse(payload.subarray(2, 6));
        }
    }
  }

  #hold(type: number, payload: Uint8Array, timestamp: number): void {
    this.#heldBytes += payload.length + HELD_OVERHEAD;
    if (this.#heldBytes > MAX_HELD_BYTES) {
      throw new RtmpError("Cannot publish: the encoder does not wait for the answer");
    }
    this.#held.push({ type, payload: payload.slice(), timestamp });
  }

  #onAudio(stream: PublishedStream, payload: Uint8Array, timestamp: number): void {
    try {
      stream.audio(payload, timestamp);
    } catch (error) {
      if (!(error instanceof UnsupportedAudio)) throw error;
      this.#reject("NetStream.Publish.Rejected", `Unsupported audio: ${error.message}`);
    }
  }

  #onCommand(payload: Uint8Array, streamId: number): void {
    const [name, transaction, object, ...args] = readAmf0(payload);
    const transactionId = typeof transaction === "number" ? transaction : 0;
    switch (name) {
      case "connect":
        return this.#connect(transactionId, object);
      case "releaseStream":
      case "FCPublish":
        return this.#replies.result(transactionId, null, undefined);
      case "createStream":
        return this.#createStream(transactionId);
      case "publish":
        return this.#startPublish(args[0], streamId);
      case "FCUnpublish":
        return this.#finish(this.#streamId);
      case "closeStream":
        return this.#finish(streamId);
      case "deleteStream":
        return this.#finish(args[0]);
    }
    // _checkbw, getStreamLength, _result and whatever else: encoders do without an answer.
  }

  #connect(transactionId: number, object: Amf0Value): void {
    if (this.#state !== "connecting") throw new RtmpError("Cannot connect: connected already");
    const properties = isAmf0Object(object) ? object : {};
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

  #startPublish(streamName: Amf0Value, streamId: number): void {
    if (this.#state === "connecting") throw new RtmpError("Cannot publish: not connected");
    if (this.#state !== "connected") {
      throw new RtmpError("Cannot publish: this connection publishes already");
    }
    if (streamId < 1 || streamId > this.#streamCount) {
      throw new RtmpError(`Cannot publish: stream ${streamId} was not created`);
    }
    this.#streamId = streamId;
    const { name, key } = publishTarget(
      this.#app,
      typeof streamName === "string" ? streamName : "",
    );
    const ingest = this.#accept(() => this.#publish(name, key));
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
      this.#reject(REFUSAL_CODES[error.kind], error.message);
    }
  }

  /** A deliberate end of the stream; encoders say it in up to three ways, one after the other. */
  #finish(streamId: Amf0Value): void {
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
