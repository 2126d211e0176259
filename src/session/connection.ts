/**
 * The way of one connection into its session, which is shut as soon as the session lets it go.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { AdmittedIngest, IngestEnd, StreamFacts, Transport } from "./ingest.ts";
import type { SessionInput } from "./session_input.ts";
import type { Tags } from "./tags.ts";

export interface ConnectionOptions {
  readonly session: { readonly id: number; readonly name: string };
  readonly transport: Transport;
  /** Where all goes. */
  readonly input: SessionInput;
  /** Called where what it sends cannot be broadcast; it is to be released then. */
  readonly onReject: (why: string) => void;
  /** Called once, where the connection itself says that it is over. */
  readonly onEnd: (how: IngestEnd) => void;
}

/** Hands on what its transport sends, until one of them ends it. */
export class Connection implements AdmittedIngest {
  readonly sessionId: number;
  readonly sessionName: string;
  readonly transport: Transport;
  readonly #onReject: (why: string) => void;
  readonly #onEnd: (how: IngestEnd) => void;
  #input: SessionInput | undefined;

  constructor({ session, transport, input, onReject, onEnd }: ConnectionOptions) {
    this.sessionId = session.id;
    this.sessionName = session.name;
    this.transport = transport;
    this.#onReject = onReject;
    this.#onEnd = onEnd;
    this.#input = input;
  }

  get aheadMs(): number {
    return this.#input?.aheadMs ?? 0;
  }

  configure(config: AudioConfig): void {
    this.#input?.configure(config);
  }

  write(data: Uint8Array, timeMs: number | undefined, arrivedAt?: number): void {
    this.#input?.write(data, timeMs, arrivedAt);
  }

  lost(frames: number): void {
    this.#input?.lost(frames);
  }

  bad(count: number): void {
    this.#input?.bad(count);
  }

  dropped(count: number): void {
    this.#input?.dropped(count);
  }

  facts(facts: StreamFacts): void {
    this.#input?.facts(facts);
  }

  metadata(tags: Tags, timeMs: number | undefined): void {
    this.#input?.metadata(tags, timeMs);
  }

  reject(why: string): void {
    if (this.#input !== undefined) this.#onReject(why);
  }

  end(how: IngestEnd): void {
    if (this.#input === undefined) return;
    this.#input = undefined;
    this.#onEnd(how);
  }

  /** Shuts the way in and has the door close the connection. */
  release(why: string): void {
    if (this.#input === undefined) return;
    this.#input = undefined;
    this.transport.close(why);
  }
}
