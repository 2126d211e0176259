/**
 * What makes segments of frames: a packager for each format in which a session is offered.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Tags } from "../session/tags.ts";
import type { MediaPlaylist } from "./playlist.ts";

/**
 * Where the times in a session's media begin: in all formats alike, and with room before them, so
 * that nothing that stands ahead of them is negative.
 */
export const TIMELINE_START_MS = 10_000;

/**
 * Packages one session's frames. It does not decide where a segment begins and ends: the segmenter
 * does, once for all packagers of the session, so that the segments of all formats have the same cuts.
 */
export interface Packager {
  /**
   * The frames that follow have this configuration. Their positions count from 0 again, and their
   * timestamps go on. No segment is open.
   */
  configure(config: AudioConfig): void;
  /** Begins a segment. */
  begin(): void;
  /**
   * Takes the next frame of the open segment.
   * @param data an access unit, valid during the call only
   * @param position where its first sample is, as `Frame.position`
   */
  write(data: Uint8Array, position: number): void;
  /**
   * What is heard from the open segment's next frame on, which may have been told before. Formats that
   * do not tell it do without this.
   * @param position that of the frame, whose `write` follows
   */
  metadata?(tags: Tags, position: number): void;
  /**
   * Ends the open segment.
   * @param endPosition the position behind its last frame
   * @returns all of it, valid until the next one begins
   */
  end(endPosition: number): Uint8Array;
  /** A copy of what the open segment would be if it ended now. */
  snapshot(): Uint8Array;
}

/** A format of segments, and the playlist that lists them. */
export interface SegmentFormat {
  /** Of the names of segments' files, without its dot. */
  readonly extension: string;
  /** Media type of a segment. */
  readonly mediaType: string;
  /** What its playlist is called. */
  readonly playlistFile: string;
  /** Writes a version of its playlist. */
  readonly renderPlaylist: (playlist: MediaPlaylist) => string;
  /**
   * Makes a packager for a session that begins with frames of `config`.
   * @param last a segment of this format, and of this configuration, behind which its timeline goes on
   */
  readonly newPackager: (config: AudioConfig, last?: Uint8Array) => Packager;
}
