/**
 * The dialogue of RTMP as a server has it, from the handshake to the end of a publish.
 *
 * @module
 */
import { type Ingest, isAboutWhatWasTyped, PublishRefused } from "../session/ingest.ts";
import { aggregatedIn } from "./aggregate.ts";
import { amf0Of } from "./amf0.ts";
import type { AmfObject } from "./amf_value.ts";
import { ChunkReader, MAX_MESSAGE_SIZE } from "./chunk_reader.ts";
import { readCommand } from "./command.ts";
import { connectFacts, NO_FACTS, reconnectUrl } from "./connect_facts.ts";
import { Handshake } from "./handshake.ts";
import { isCut, type Message, payloadOf, type UnusedMessage } from "./message.ts";
import { MessageType, UserControlEvent } from "./message_type.ts";
import type { PublishTarget } from "../session/typed_text.ts";
import { publishHint, publishTarget } from "./publish_target.ts";
import { PublishedStream } from "./published_stream.ts";
import { ReceivedBytes, WINDOW_SIZE } from "./received_bytes.ts";
import { REFUSAL_CODES, Replies } from "./replies.ts";
import { RtmpError } from "./rtmp_error.ts";

const CHUNK_SIZE = 4096;
const MAX_STREAMS = 16;
/** Each makes a session, with its files and events; encoders publish once or twice. */
const MAX_PUBLISHES = 16;

export interface RtmpSessionOptions {
  /**
   * Called when the encoder asks to publish. It is answered by {@link RtmpSession.accept} or
   * {@link RtmpSession.refuse}, during the call or later.
   * @returns what takes the stream, also before the answer
   */
  readonly publish: (target: PublishTarget) => Ingest;
  /** Takes bytes for the peer, in order; they are the receiver's to keep. */
  readonly send: (bytes: Uint8Array) => void;
  /** Told of each message that is passed over, or used only as far as it could be read. */
  readonly onUnused: (message: UnusedMessage) => void;
  /** Whether encoders are told that they may be asked to reconnect; default: no. */
  readonly asksToReconnect?: boolean | undefined;
}

/**
 * How far a connection is: `handshake` → `connecting` (waits for `connect`) → `connected` ⇄
 * `publishing`, by way of `asking` until the publish is answered; `over` from any of them.
 */
export type RtmpState =
  | "handshake"
  | "connecting"
  | "connected"
  | "asking"
  | "publishing"
  | "over";

/**
 * The server's side of one RTMP connection, without the connection: bytes go in, answers and the
 * stream's audio come out while `feed` runs.
 */
export class RtmpSession {
  readonly #publish: RtmpSessionOptions["publish"];
  readonly #send: RtmpSessionOptions["send"];
  readonly #onUnused: RtmpSessionOptions["onUnused"];
  readonly #asksToReconnect: boolean;
  readonly #replies: Replies;
  readonly #handshake = new Handshake();
  readonly #chunks = new ChunkReader((message) => this.#onMessage(message));
  readonly #received = new ReceivedBytes();
  #state: RtmpState = "handshake";
  #client = NO_FACTS;
  #streamName = "";
  #streamCount = 0;
  #stream: PublishedStream | undefined;
  #streamId = 0;
  #publishes = 0;
  /** When what is read arrived. */
  #arrivedAt: number | undefined;

  constructor({ publish, send, onUnused, asksToReconnect = false }: RtmpSessionOptions) {
    this.#publish = publish;
    this.#send = send;
    this.#onUnused = onUnused;
    this.#asksToReconnect = asksToReconnect;
    this.#replies = new Replies(send);
  }

  get state(): RtmpState {
    return this.#state;
  }

  /** What came of the published stream that cannot be heard, in users' words. */
  get seen(): string {
    return this.#stream?.seen ?? "nothing";
  }

  /**
   * Takes what the peer sent; a piece may begin and end anywhere.
   * @param arrivedAt as in `Ingest.write`
   * @throws {RtmpError} the connection is to be closed, once what was sent has gone out
   */
  feed(bytes: Uint8Array, arrivedAt?: number): void {
    if (this.#state === "over") return;
    this.#arrivedAt = arrivedAt;
    this.#received.add(bytes.length);
    let chunks = bytes;
    if (this.#state === "handshake") {
      chunks = bytes.subarray(this.#handshake.feed(bytes, this.#send));
      if (!this.#handshake.done) return;
      this.#state = "connecting";
    }
    this.#chunks.feed(chunks);
    const received = this.#received.takeDue();
    if (received !== undefined) this.#replies.acknowledge(received);
  }

  /**
   * Tells the encoder that it may publish; does nothing where it does not ask any more.
   * @throws {RtmpError} as {@link feed} does
   */
  accept(): void {
    if (this.#state !== "asking") return;
    this.#state = "publishing";
    this.#replies.publishing(this.#streamId);
  }

  /**
   * Tells the encoder that it may not publish; does nothing where it does not ask any more.
   * @throws {RtmpError} as {@link feed} does, or `why` where it is no {@link PublishRefused}
   */
  refuse(why: unknown): void {
    if (this.#state !== "asking") return;
    if (!(why instanceof PublishRefused)) throw why;
    const hint = isAboutWhatWasTyped(why.kind)
      ? `; ${publishHint(this.#client.app, this.#streamName)}`
      : "";
    const description = why.message + hint;
    this.#replies.status(this.#streamId, "error", REFUSAL_CODES[why.kind], description);
    throw new RtmpError(`Publish refused: ${description}`);
  }

  /** Tells a publishing encoder that the server ends its publish, and why. */
  dismiss(why: string): void {
    if (this.#state !== "publishing") return;
    this.#replies.status(this.#streamId, "error", "NetStream.Publish.Rejected", why);
  }

  /**
   * Asks a publishing encoder to go on at another server; it is served until it has left.
   * @returns whether it can be asked
   */
  requestReconnect(host: string, port: number): boolean {
    if (this.#state !== "publishing" || !this.#client.canReconnect) return false;
    this.#replies.reconnectRequest(reconnectUrl(this.#client, host, port));
    return true;
  }

  /** The connection is gone or will be; a stream that was being published is lost. */
  close(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#stream?.end("lost");
    this.#stream = undefined;
  }

  #onMessage(message: Message): void {
    // What was fed may go on behind the message that ended it.
    if (this.#state === "over") return;
    if (message.type === MessageType.Audio) this.#stream?.audio(message, this.#arrivedAt);
    else if (message.type === MessageType.Video) this.#stream?.video();
    else this.#onOther(message);
  }

  #onOther(message: Message): void {
    const { type, timestamp, streamId, length } = message;
    const payload = payloadOf(message);
    const unused = (why: string) => this.#onUnused({ type, length, why });
    switch (type) {
      case MessageType.Aggregate:
        if (isCut(message)) unused(`more than ${MAX_MESSAGE_SIZE} bytes`);
        if (!this.#onAggregate(message)) unused("nothing that is used in it");
        break;
      case MessageType.Data:
      case MessageType.DataAmf3:
        this.#stream?.data(amf0Of(type, payload), timestamp, { isCut: isCut(message), unused });
        break;
      case MessageType.Command:
      case MessageType.CommandAmf3:
        this.#onCommand(amf0Of(type, payload), streamId, unused);
        break;
      case MessageType.WindowAcknowledgementSize:
        if (payload.length >= 4) this.#received.windowSize = uint32(payload);
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

  /** @returns whether there was a message in it */
  #onAggregate(aggregate: Message): boolean {
    let any = false;
    for (const message of aggregatedIn(aggregate)) {
      any = true;
      this.#onMessage(message);
    }
    return any;
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
    this.#client = connectFacts(properties);
    this.#state = "connected";
    this.#replies.windowSizes(WINDOW_SIZE);
    this.#replies.setChunkSize(CHUNK_SIZE);
    this.#replies.connected(transactionId, this.#client.isEnhanced, this.#asksToReconnect);
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
    if (this.#publishes++ === MAX_PUBLISHES) {
      throw new RtmpError(`Cannot publish: more than ${MAX_PUBLISHES} times on one connection`);
    }
    this.#streamId = streamId;
    this.#streamName = streamName;
    const target = publishTarget(this.#client.app, streamName);
    this.#state = "asking";
    const ingest = this.#publish(target);
    if (this.state === "over") ingest.end("lost");
    else this.#stream = new PublishedStream(ingest);
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
}

function uint16(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
