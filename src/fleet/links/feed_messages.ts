/**
 * What goes between a box and another one that has listeners to its broadcasts. Such a box is a
 * replica that is further away, so it is what goes between the threads of one.
 *
 * @module
 */
import type { StreamNews, StreamRequest } from "../../hls/progressive/stream_messages.ts";
import type { ReplicaNews, ReplicaRequest } from "../../hls/replica_messages.ts";

/** What the box with the broadcasts tells, in the answer that goes on. */
export type FeedNews =
  /** The first of all: what to ask for more by. */
  | { readonly kind: "feed"; readonly id: string }
  /** It is alive, and has told all. */
  | { readonly kind: "alive" }
  | { readonly kind: "news"; readonly news: ReplicaNews }
  /** Of endless streams. */
  | { readonly kind: "streams"; readonly news: StreamNews };

/** What the box with the listeners asks for, or tells. */
export type FeedRequest =
  | { readonly kind: "origin"; readonly request: ReplicaRequest }
  | { readonly kind: "streams"; readonly request: StreamRequest }
  /** How many listen there, by name; those that are left out are none. */
  | { readonly kind: "listeners"; readonly listeners: Readonly<Record<string, number>> };
