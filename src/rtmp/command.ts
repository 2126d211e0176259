/**
 * The commands that an encoder sends (RTMP 1.0 7.2), as far as Echo acts on them.
 *
 * @module
 */
import { readAmf0 } from "./amf0.ts";
import { type AmfObject, type AmfValue, isAmfObject } from "./amf_value.ts";
import { RtmpError } from "./rtmp_error.ts";

export type Command =
  | { readonly name: "connect"; readonly transactionId: number; readonly properties: AmfObject }
  | {
    readonly name: "releaseStream" | "FCPublish" | "createStream";
    readonly transactionId: number;
  }
  | { readonly name: "publish"; readonly streamName: string }
  | { readonly name: "FCUnpublish" | "closeStream" }
  | { readonly name: "deleteStream"; readonly streamId: number };

/** What a command message is for Echo. */
export interface CommandReading {
  /** `undefined` where there is nothing to do: _checkbw, getStreamLength, _result and the like. */
  readonly command: Command | undefined;
  /** Why the message could not be read to its end, where that is so. */
  readonly problem: string | undefined;
}

/**
 * Reads a command. Where its end cannot be read, what stands before counts.
 * @throws {RtmpError} what is missing then is needed to publish
 */
export function readCommand(payload: Uint8Array): CommandReading {
  const { values, problem } = readAmf0(payload);
  return { command: commandOf(values, problem), problem };
}

function commandOf(
  [name, transaction, object, argument]: readonly AmfValue[],
  problem: string | undefined,
): Command | undefined {
  const needed = <T extends AmfValue>(value: T): T => {
    if (value === undefined && problem !== undefined) throw new RtmpError(problem);
    return value;
  };
  const transactionId = typeof transaction === "number" ? transaction : 0;
  switch (name) {
    case "connect": {
      const properties = isAmfObject(object) ? object : {};
      needed(properties.app);
      return { name, transactionId, properties };
    }
    case "createStream":
      needed(transaction);
      return { name, transactionId };
    case "releaseStream":
    case "FCPublish":
      return { name, transactionId };
    case "publish":
      needed(argument);
      return { name, streamName: typeof argument === "string" ? argument : "" };
    case "FCUnpublish":
    case "closeStream":
      return { name };
    case "deleteStream":
      return { name, streamId: typeof argument === "number" ? argument : 0 };
    default:
      return undefined;
  }
}
