/**
 * What the dialogues of Icecast and of Shoutcast have in common for the connection that has them.
 *
 * @module
 */
import type { Ingest, StreamFacts } from "../session/ingest.ts";
import { cleanText, type Tags } from "../session/tags.ts";
import type { PublishTarget } from "../session/typed_text.ts";
import type { MountRequest } from "./mount_listeners.ts";
import { headText } from "./title.ts";

/**
 * How far a connection is: `head` (a request is to come) → `asking` (to publish) → `publishing`; or
 * `tagging` (what is heard) and back to `head`; or `handed over` (to who serves receivers). `over` from
 * any of them.
 */
export type DialogueState =
  | "head"
  | "asking"
  | "publishing"
  | "tagging"
  | "handed over"
  | "over";

/** How a dialogue came to its end. */
export interface DialogueEnd {
  /** Fit for a log line. */
  readonly why: string;
  /** `refused`: something was wrong with what came. `served`: nothing more was wanted. */
  readonly kind: "refused" | "served" | "goodbye";
}

export interface DialogueOptions {
  /**
   * Called when a source asks to publish. It is answered by {@link SourceDialogue.accept} or
   * {@link SourceDialogue.refuse}, during the call or later.
   * @returns what takes the stream, also before the answer
   */
  readonly publish: (target: PublishTarget) => Ingest;
  /**
   * Called when somebody tells what is heard. It is answered by {@link SourceDialogue.tagged} or
   * {@link SourceDialogue.refuse}, during the call or later.
   */
  readonly tag: (target: PublishTarget, tags: Tags) => void;
  /**
   * Called when somebody asks what is on air.
   * @param asked the broadcast that is asked for, with what is shown for it; `undefined`: all
   * @returns the answer's JSON
   */
  readonly status: (asked: PublishTarget | undefined) => string;
  /** Called for receivers. @returns whether somebody else goes on with the connection */
  readonly listen: (request: MountRequest) => boolean;
  /** Takes bytes for the peer, in order; they are the receiver's to keep. */
  readonly send: (bytes: Uint8Array) => void;
}

/** The server's side of one connection, without the connection: bytes go in, answers come out. */
export interface SourceDialogue {
  readonly state: DialogueState;
  /** `undefined` as long as it goes on, and where its connection ended it. */
  readonly end: DialogueEnd | undefined;
  /** What came of the published stream, in users' words. */
  readonly seen: string;
  /** How many frames came of it so far; 0 where there is none. */
  readonly frames: number;
  /**
   * Takes what the peer sent; a piece may begin and end anywhere.
   * @param arrivedAt as in `Ingest.write`
   */
  feed(bytes: Uint8Array, arrivedAt?: number): void;
  /** Lets the source begin; does nothing where it does not ask any more. */
  accept(): void;
  /** All that came before it was let in has been handed on. */
  handedOn(): void;
  /**
   * Says no to who asks; does nothing where nobody does any more.
   * @throws `why` where it is no `PublishRefused`
   */
  refuse(why: unknown): void;
  /** What is heard counts, or there is no such broadcast on air. */
  tagged(isOnAir: boolean): void;
  /** The session lets the source go. */
  dismiss(why: string): void;
  /** The connection is gone or will be; a stream that was being published is lost. */
  close(): void;
}

/** What a source says of its stream, by the names of Icecast; `encoder` is the program. */
export function factsOf(fields: ReadonlyMap<string, string>): StreamFacts {
  const facts: Record<string, string> = {};
  for (const [field, fact] of FACTS) {
    const text = cleanText(headText(fields.get(field) ?? ""));
    if (text !== undefined) facts[fact] ??= text;
  }
  return facts;
}

/** Header fields, and the facts that they are. Shoutcast has names of its own. */
const FACTS: ReadonlyMap<string, string> = new Map([
  ["user-agent", "encoder"],
  ["ice-name", "ice-name"],
  ["ice-description", "ice-description"],
  ["ice-genre", "ice-genre"],
  ["ice-url", "ice-url"],
  ["ice-public", "ice-public"],
  ["ice-bitrate", "ice-bitrate"],
  ["ice-audio-info", "ice-audio-info"],
  ["icy-name", "ice-name"],
  ["icy-genre", "ice-genre"],
  ["icy-url", "ice-url"],
  ["icy-pub", "ice-public"],
  ["icy-br", "ice-bitrate"],
]);
