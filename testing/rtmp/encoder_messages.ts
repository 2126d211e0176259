/** What an RTMP encoder sends, message by message, and what it reads of the answers. */
import { readAmf0, writeAmf0 } from "../../src/rtmp/amf0.ts";
import type { AmfObject, AmfValue } from "../../src/rtmp/amf_value.ts";
import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { payloadOf } from "../../src/rtmp/message.ts";
import { MessageType } from "../../src/rtmp/message_type.ts";
import { EncoderChunkWriter } from "./encoder_chunk_writer.ts";

export const HANDSHAKE_SIZE = 1536;

/** C0 and C1 of the simple handshake. */
export function clientHello(): Uint8Array {
  const hello = crypto.getRandomValues(new Uint8Array(1 + HANDSHAKE_SIZE));
  hello[0] = 3;
  hello.fill(0, 1, 9);
  return hello;
}

/** What an encoder sends behind its handshake, message by message, as bytes. */
export class EncoderMessages {
  readonly #writer = new EncoderChunkWriter();

  message(
    chunkStreamId: number,
    type: number,
    payload: Uint8Array,
    { timestamp = 0, streamId = 0 } = {},
  ): Uint8Array {
    return this.#writer.write({ chunkStreamId, type, streamId, timestamp, payload });
  }

  chunkSize(size: number): Uint8Array {
    const payload = Uint8Array.of(size >>> 24, size >> 16 & 0xff, size >> 8 & 0xff, size & 0xff);
    const bytes = this.message(2, MessageType.SetChunkSize, payload);
    this.#writer.chunkSize = size;
    return bytes;
  }

  command(values: AmfValue[], streamId = 0): Uint8Array {
    return this.message(3, MessageType.Command, writeAmf0(...values), { streamId });
  }

  connect(app: string, properties: AmfObject = {}): Uint8Array {
    return this.command(["connect", 1, { app, type: "nonprivate", ...properties }]);
  }

  createStream(): Uint8Array {
    return this.command(["createStream", 4, null]);
  }

  publish(streamName: string, streamId = 1): Uint8Array {
    return this.command(["publish", 5, null, streamName, "live"], streamId);
  }

  metadata(properties: AmfObject): Uint8Array {
    const payload = writeAmf0("@setDataFrame", "onMetaData", properties);
    return this.message(4, MessageType.Data, payload, { streamId: 1 });
  }

  /** An AudioSpecificConfig. */
  config(asc: Uint8Array, timestamp = 0): Uint8Array {
    return this.#audio(Uint8Array.of(0xaf, 0, ...asc), timestamp);
  }

  /** A raw access unit. */
  frame(data: Uint8Array, timestamp: number): Uint8Array {
    const payload = new Uint8Array(2 + data.length);
    payload.set([0xaf, 1]);
    payload.set(data, 2);
    return this.#audio(payload, timestamp);
  }

  #audio(payload: Uint8Array, timestamp: number): Uint8Array {
    return this.message(4, MessageType.Audio, payload, { timestamp, streamId: 1 });
  }
}

/** A message of the server; commands come as their values. */
export interface Answer {
  readonly type: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
  readonly values: readonly AmfValue[];
}

/** Reads what the server sends behind its handshake. */
export class AnswerReader {
  readonly #chunks: ChunkReader;

  constructor(onAnswer: (answer: Answer) => void) {
    this.#chunks = new ChunkReader((message) => {
      const { type, streamId } = message;
      const payload = payloadOf(message).slice();
      const values = type === MessageType.Command ? readAmf0(payload).values : [];
      onAnswer({ type, streamId, payload, values });
    });
  }

  feed(bytes: Uint8Array): void {
    this.#chunks.feed(bytes);
  }
}
