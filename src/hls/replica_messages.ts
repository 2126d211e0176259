/**
 * What goes between the broadcasts of this process and a replica of them, which may be in another
 * thread. How much a replica sends does not grow with what its clients ask for.
 *
 * @module
 */
import type { ServedPlaylist } from "./origin.ts";

/** What a replica is told. */
export type ReplicaNews =
  | NamesBegun
  | NameGone
  | NameRefused
  | VersionOut
  | SegmentsSent
  | CaughtUp;

/** Something is served under these names from now on. */
interface NamesBegun {
  readonly kind: "begun";
  readonly names: readonly string[];
}

/** Nothing is served under this name any more. */
interface NameGone {
  readonly kind: "gone";
  readonly name: string;
}

/** There is no place for that name, or for it at the request of that client: the subscription is over. */
interface NameRefused {
  readonly kind: "refused";
  readonly name: string;
}

/** There are new versions of playlists of a name; the replica has subscribed to it. */
export interface VersionOut {
  readonly kind: "version";
  readonly name: string;
  readonly playlists: readonly PlaylistCopy[];
  /** What they list that no version before did. */
  readonly segments: readonly SegmentCopy[];
  /** Names of segments' files that are in memory alone. */
  readonly unwritten: readonly string[];
  /** See `ServedStream.isElsewhere`. */
  readonly isElsewhere?: boolean;
}

/** What the replica has asked for, in the same order. */
interface SegmentsSent {
  readonly kind: "segments";
  readonly segments: readonly SegmentSent[];
}

/** The replica has asked whether that is all: all that was to be told by then has come. */
interface CaughtUp {
  readonly kind: "caughtUp";
}

export interface PlaylistCopy extends ServedPlaylist {
  readonly file: string;
}

/** A segment's bytes, which are the replica's to keep. */
export interface SegmentCopy {
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A segment of the broadcast `name`. */
export interface SegmentWanted {
  readonly name: string;
  readonly file: string;
}

export interface SegmentSent extends SegmentWanted {
  /** `undefined` where they are not in memory any more. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** What a replica asks for. */
export type ReplicaRequest =
  | Subscription
  | SubscriptionOver
  | Hearing
  | SegmentsAsked
  | CatchUpAsked;

/** A replica wants the versions of a name, from the newest on. */
interface Subscription {
  readonly kind: "subscribe";
  readonly name: string;
  /** The address of the client that asks; `undefined` where it stands for many. */
  readonly client?: string | undefined;
}

/** A replica wants no more of a name. */
interface SubscriptionOver {
  readonly kind: "unsubscribe";
  readonly name: string;
}

/** What clients have heard in the last second or so. */
interface Hearing {
  readonly kind: "heard";
  readonly heard: readonly Heard[];
}

/** Who has heard a name. */
export interface Heard {
  readonly name: string;
  /** Addresses, as `Subscription.client`; not all of them where they are many. */
  readonly clients: readonly (string | undefined)[];
}

/** A replica wants segments that are in memory alone. Each is answered. */
interface SegmentsAsked {
  readonly kind: "segments";
  readonly wanted: readonly SegmentWanted[];
}

/** A replica wants to know when all has come that it was told so far. Each is answered. */
interface CatchUpAsked {
  readonly kind: "catchUp";
}
