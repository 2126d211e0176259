/**
 * What HTTP needs of HLS, and all that it knows of it. Who answers may be in the same thread, in
 * another one, or in another box.
 *
 * @module
 */

import type { LowEdge } from "./low_latency/low_window.ts";

/** An answer that is there at once, or comes by a promise. */
export type Answer<T> = T | Promise<T>;

/** Gives the address of a client; `undefined` where it stands for many. */
export type ClientAddress = () => string | undefined;

/** Where playlists and segments come from. */
export interface Origin {
  /**
   * The newest version of a playlist of the broadcast `name`; `undefined` where there is none.
   * @param client gives the address of who asks, where what is asked for is made for who asks first
   * @throws {NoPlace}
   */
  playlist(name: string, file: string, client?: ClientAddress): Answer<ServedPlaylist | undefined>;

  /**
   * A segment of the broadcast `name`; `undefined` where there is none.
   * @param client as {@link playlist}
   * @throws {SegmentUnavailable}
   * @throws {NoPlace}
   */
  segment(name: string, file: string, client?: ClientAddress): Answer<ServedFile | undefined>;

  /**
   * Resolves when the playlist has a newer version than the one that the caller has by
   * {@link playlist}: at once where there is one. Where as many wait as may, the address with the
   * most of them loses its oldest wait.
   * @returns that version; `undefined` where there is no such playlist, where it goes, and where the
   *   wait is over before
   */
  wait(name: string, file: string, options: WaitOptions): Promise<ServedPlaylist | undefined>;

  /**
   * Resolves once all is here that others may have been told before the call, by another thread.
   * @param signal ends the wait before
   * @returns whether it is; false where that cannot be known now
   */
  catchUp(signal?: AbortSignal): Promise<boolean>;

  /** Who has this address hears the broadcast `name` in low latency. */
  hear(name: string, client: ClientAddress): void;

  /**
   * What {@link playlist} or {@link segment} would give, where that is in memory: the same object as
   * long as it is the same version, so that what was made of it may be kept by it.
   * @returns `undefined` where the others have to be asked
   */
  atHand(name: string, file: string): ServedPlaylist | ServedFile | undefined;
}

/** How long a caller waits, and for what. */
export interface WaitOptions {
  /** The entity tag of the version that the caller has. */
  readonly newerThan: string;
  /** How long it waits at most, in milliseconds; up to a second more. */
  readonly maxMs: number;
  /** Ends the wait before. */
  readonly signal?: AbortSignal;
  /** The address of who waits. Default: all of whom it is not known count as one. */
  readonly client?: string;
}

/** A playlist as it goes over HTTP. The bytes do not change. */
export interface ServedPlaylist {
  readonly text: Uint8Array<ArrayBuffer>;
  /** Its entity tag, with its quotes; `undefined` where it has no versions. */
  readonly etag: string | undefined;
  /** How the text is encoded; not at all where there is none. */
  readonly encoding?: "gzip";
  /** How far it goes, where players may ask for what comes next. */
  readonly edge?: LowEdge;
}

/** A segment as it goes over HTTP. The bytes do not change: they are the caller's. */
export interface ServedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Media type. */
  readonly type: string;
  /** Its entity tag, with its quotes. */
  readonly etag: string;
}

/** Thrown where a segment may be there and cannot be had now. */
export class SegmentUnavailable extends Error {
  override readonly name = "SegmentUnavailable";
}

/**
 * Thrown where a broadcast cannot be had now, and may be soon: in low latency for want of a place, or
 * of time, and where the box that had it is gone.
 */
export class NoPlace extends Error {
  override readonly name = "NoPlace";
}
