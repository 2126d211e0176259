/**
 * The dialogue of Shoutcast sources (version 1): a password, a few header fields, audio.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { isAboutWhatWasTyped, PublishRefused } from "../session/ingest.ts";
import { contentTypeRefusal } from "./content_type.ts";
import { parseFields } from "./icecast_request.ts";
import { HeadTooLong, LineReader } from "./line_reader.ts";
import {
  type DialogueEnd,
  type DialogueOptions,
  type DialogueState,
  factsOf,
  type SourceDialogue,
} from "./source_dialogue.ts";
import { SourceStream } from "./source_stream.ts";
import { passwordTarget, refusalOf } from "./source_target.ts";
import { headText } from "./title.ts";

/** Lets a source begin. */
const WELCOME = Buffer.from("OK2\r\nicy-caps:11\r\n\r\n");
/** What these sources know to be a refusal. */
const WRONG = Buffer.from("invalid password\r\n");

/** A connection of a source, whose password tells the name. */
export class ShoutcastSession implements SourceDialogue {
  readonly #options: DialogueOptions;
  readonly #reader = new LineReader();
  #state: DialogueState = "head";
  #end: DialogueEnd | undefined;
  /** The lines behind the password; `undefined` once all of them have come. */
  #lines: string[] | undefined = [];
  #password = "";
  #stream: SourceStream | undefined;
  #facts: (fields: ReadonlyMap<string, string>) => void = () => {};

  constructor(options: DialogueOptions) {
    this.#options = options;
  }

  get state(): DialogueState {
    return this.#state;
  }

  get end(): DialogueEnd | undefined {
    return this.#end;
  }

  get seen(): string {
    return this.#stream?.seen ?? "nothing";
  }

  get frames(): number {
    return this.#stream?.frames ?? 0;
  }

  feed(bytes: Uint8Array, arrivedAt?: number): void {
    let rest = bytes;
    while (rest.length > 0 && this.#lines !== undefined && this.#state !== "over") {
      rest = rest.subarray(this.#readLine(rest, this.#lines));
    }
    if (rest.length > 0) this.#stream?.feed(rest, arrivedAt);
  }

  accept(): void {
    if (this.#state !== "asking") return;
    this.#state = "publishing";
    this.#options.send(WELCOME);
  }

  refuse(why: unknown): void {
    if (this.#state !== "asking") return;
    if (!(why instanceof PublishRefused)) throw why;
    const isTyped = isAboutWhatWasTyped(why.kind);
    const words = refusalOf(this.#password, why);
    this.#options.send(isTyped ? WRONG : Buffer.from(`${words}\r\n`));
    const hint = isTyped ? "; expected NAME:KEY as password" : "";
    this.#finish({ why: `${words}${hint}`, kind: "refused" });
  }

  /** Its stream lasts as long as its connection does. */
  handedOn(): void {}

  /** Titles come to the other port. */
  tagged(): void {}

  dismiss(): void {}

  close(): void {
    this.#finish(undefined);
  }

  /** @returns how many bytes were taken */
  #readLine(bytes: Uint8Array, lines: string[]): number {
    try {
      const { used, line } = this.#reader.take(bytes);
      if (line === undefined) return used;
      if (this.#state === "head") this.#onPassword(headText(line).trim());
      else if (line === "") this.#onHead(lines);
      else lines.push(line);
      return used;
    } catch (error) {
      if (!(error instanceof HeadTooLong)) throw error;
      this.#options.send(WRONG);
      this.#finish({ why: `Cannot take the request: ${error.message}`, kind: "refused" });
      return bytes.length;
    }
  }

  #onPassword(password: string): void {
    this.#state = "asking";
    this.#password = password;
    const ingest = this.#options.publish(passwordTarget(password));
    if (this.state === "over") return ingest.end("lost");
    this.#stream = new SourceStream(ingest);
    this.#facts = (fields) => {
      ingest.facts(factsOf(fields));
      const refusal = contentTypeRefusal(fields.get("content-type"));
      if (refusal !== undefined) ingest.reject(refusal);
    };
  }

  #onHead(lines: readonly string[]): void {
    this.#lines = undefined;
    this.#facts(parseFields(lines));
  }

  #finish(end: DialogueEnd | undefined): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#end = end;
    this.#stream?.end("lost");
    this.#stream = undefined;
  }
}
