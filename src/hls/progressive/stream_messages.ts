/**
 * What goes between the broadcasts of this process and copies of their endless streams, which may be
 * in other threads.
 *
 * @module
 */
import type { StreamChunk } from "./stream_writer.ts";

/** What a thread is told. */
export type StreamNews =
  /** There are these broadcasts from now on, or in another form. */
  | { readonly kind: "streams"; readonly streams: readonly NamedStream[] }
  /** That one is over. */
  | { readonly kind: "over"; readonly name: string }
  /** What is new of those to which the thread has subscribed. */
  | { readonly kind: "chunks"; readonly chunks: readonly NamedChunks[] }
  /** The thread does not keep up: it has no subscription any more. */
  | { readonly kind: "behind" };

export interface NamedStream {
  readonly name: string;
  /** What its endless stream is called. */
  readonly file: string;
}

export interface NamedChunks {
  readonly name: string;
  /** That of the subscription. */
  readonly id: number;
  readonly chunks: readonly StreamChunk[];
}

/** What a thread asks for: that it is told the chunks of a broadcast, or no more of them. */
export interface StreamRequest {
  readonly kind: "subscribe" | "unsubscribe";
  readonly name: string;
  /** Each subscription of a thread has another. */
  readonly id: number;
}
