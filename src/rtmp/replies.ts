/**
 * What the server says: protocol control (RTMP 1.0 5.4), user control (7.1.7) and the answers to
 * commands (7.2), in the words that encoders look for.
 *
 * @module
 */
import type { RefusalKind } from "../session/ingest.ts";
import { writeAmf0 } from "./amf0.ts";
import type { AmfObject, AmfValue } from "./amf_value.ts";
import { ChunkWriter } from "./chunk_writer.ts";
import { RECONNECT } from "./connect_facts.ts";
import { FOURCC } from "./flv_audio.ts";
import { MessageType, UserControlEvent } from "./message_type.ts";

const PROTOCOL_CONTROL_STREAM = 2;
const COMMAND_STREAM = 3;
const STATUS_STREAM = 5;

/** The limit type of Set Peer Bandwidth that lets a peer keep a tighter one (RTMP 1.0 5.4.5). */
const DYNAMIC = 2;

/** Enhanced RTMP v2: the server can pass this codec on (FourCcInfoMask.CanForward). */
const CAN_FORWARD = 4;

/** Status codes by kind of refusal; encoders know these as errors that end a publish. */
export const REFUSAL_CODES: Readonly<Record<RefusalKind, string>> = {
  "invalid-name": "NetStream.Publish.BadName",
  "name-in-use": "NetStream.Publish.BadName",
  "key-required": "NetStream.Publish.Denied",
  "key-unknown": "NetStream.Publish.Denied",
  "key-expired": "NetStream.Publish.Denied",
  "not-allowed": "NetStream.Publish.Denied",
  "unavailable": "NetStream.Publish.Rejected",
  "limit": "NetStream.Publish.Rejected",
  "stopping": "NetStream.Publish.Rejected",
  "no-audio": "NetStream.Publish.Rejected",
};

/** Writes the server's messages and sends each at once. */
export class Replies {
  readonly #writer = new ChunkWriter();
  readonly #send: (bytes: Uint8Array) => void;

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send;
  }

  setChunkSize(size: number): void {
    this.#control(MessageType.SetChunkSize, uint32(size));
    this.#writer.chunkSize = size;
  }

  /** @param received all bytes of the peer so far; the low 32 bits go on the wire */
  acknowledge(received: number): void {
    this.#control(MessageType.Acknowledgement, uint32(received));
  }

  windowSizes(bytes: number): void {
    this.#control(MessageType.WindowAcknowledgementSize, uint32(bytes));
    this.#control(MessageType.SetPeerBandwidth, [...uint32(bytes), DYNAMIC]);
  }

  /** @param timestamp the four bytes that the peer's ping came with */
  pingResponse(timestamp: Uint8Array): void {
    this.#control(MessageType.UserControl, [0, UserControlEvent.PingResponse, ...timestamp]);
  }

  /**
   * @param enhanced the encoder asked in terms of Enhanced RTMP, and is told what Echo takes
   * @param asksToReconnect whether it may be asked to reconnect
   */
  connected(transactionId: number, enhanced: boolean, asksToReconnect: boolean): void {
    const properties: AmfObject = { fmsVer: "FMS/3,5,1,516", capabilities: 31, mode: 1 };
    if (enhanced) {
      const fourCcs = Object.values(FOURCC);
      properties.fourCcList = fourCcs;
      properties.audioFourCcInfoMap = Object.fromEntries(
        fourCcs.map((fourCc) => [fourCc, CAN_FORWARD]),
      );
      properties.capsEx = asksToReconnect ? RECONNECT : 0;
    }
    this.result(transactionId, properties, {
      level: "status",
      code: "NetConnection.Connect.Success",
      description: "Connection succeeded.",
      objectEncoding: 0,
    });
  }

  result(transactionId: number, ...values: AmfValue[]): void {
    this.#command(COMMAND_STREAM, 0, "_result", transactionId, ...values);
  }

  /** The publish is accepted. Some encoders wait for one of these, some for the other. */
  publishing(streamId: number): void {
    const code = "NetStream.Publish.Start";
    const description = "Publishing.";
    this.#control(MessageType.UserControl, [0, UserControlEvent.StreamBegin, ...uint32(streamId)]);
    this.#command(COMMAND_STREAM, 0, "onFCPublish", 0, null, { code, description });
    this.status(streamId, "status", code, description);
  }

  /**
   * Asks the encoder to connect to another server and to go on here until it has (Enhanced RTMP v2,
   * Reconnect Request).
   * @param tcUrl of the other server
   */
  reconnectRequest(tcUrl: string): void {
    const code = "NetConnection.Connect.ReconnectRequest";
    const description = "This server gives its broadcasts to others.";
    this.#command(COMMAND_STREAM, 0, "onStatus", 0, null, {
      ...{ level: "status", code, description, tcUrl },
    });
  }

  status(streamId: number, level: "status" | "error", code: string, description: string): void {
    this.#command(STATUS_STREAM, streamId, "onStatus", 0, null, { level, code, description });
  }

  #command(chunkStreamId: number, streamId: number, ...values: AmfValue[]): void {
    const payload = writeAmf0(...values);
    const type = MessageType.Command;
    this.#send(this.#writer.write({ chunkStreamId, type, streamId, timestamp: 0, payload }));
  }

  #control(type: number, body: number[]): void {
    const payload = Uint8Array.from(body);
    const chunkStreamId = PROTOCOL_CONTROL_STREAM;
    this.#send(this.#writer.write({ chunkStreamId, type, streamId: 0, timestamp: 0, payload }));
  }
}

function uint32(value: number): number[] {
  return [value >>> 24, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff];
}
