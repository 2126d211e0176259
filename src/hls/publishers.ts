/**
 * The playlists of a stream: one for each of its formats, with the same segments in all.
 *
 * @module
 */
import type { HandedWindow } from "./handed_window.ts";
import type { ServedPlaylist } from "./origin.ts";
import type { SegmentFormat } from "./packager.ts";
import type { MediaPlaylist } from "./playlist.ts";
import { PlaylistPublisher } from "./playlist_publisher.ts";
import type { Segment } from "./segment.ts";
import type { StreamOptions } from "./stream_options.ts";

/** Who is told of the versions of all playlists. */
export interface PublishersListener {
  /** A version is being written that tells players that nothing follows. */
  onEnd(): void;
  /** A version in `format` is out, with `segments` that are new in it. */
  onVersion(format: SegmentFormat, segments: readonly Segment[]): void;
  /** A version in the first format is out, at `at` on `Clock.awake`. */
  onMainVersion(at: number): void;
  /** Segments have left a playlist. */
  onLeft(segments: readonly Segment[]): void;
}

/** What another box was about to list, and when it has listed what is before that. */
export type Unlisted = Pick<HandedWindow, "unlisted" | "listedAgoMs">;

/** Publishes a stream's playlists. */
export class Publishers {
  /** Of the first format, whose versions set the pace. */
  readonly main: PlaylistPublisher;
  /** Of all formats, in their order. */
  readonly all: readonly PlaylistPublisher[];

  constructor(options: StreamOptions, listener: PublishersListener) {
    const [first, ...others] = options.formats;
    const follower = (format: SegmentFormat) => ({
      onVersion: (_: number, segments: readonly Segment[]) => listener.onVersion(format, segments),
      onLeft: (segments: readonly Segment[]) => listener.onLeft(segments),
    });
    this.main = new PlaylistPublisher(first, options, {
      ...follower(first),
      onEnd: () => listener.onEnd(),
      onVersion: (at, segments) => {
        listener.onVersion(first, segments);
        listener.onMainVersion(at);
      },
      onListed: (file, lateMs) => options.onListed?.(file, lateMs),
    });
    const followers = others.map((format) =>
      new PlaylistPublisher(format, options, follower(format))
    );
    this.all = [this.main, ...followers];
  }

  /** What the playlists are called. */
  get files(): readonly string[] {
    return this.all.map(({ format }) => format.playlistFile);
  }

  /** What players get in the playlist `file`, by default that of the first format. */
  version(file: string = this.main.format.playlistFile): ServedPlaylist | undefined {
    return this.all.find(({ format }) => format.playlistFile === file)?.version;
  }

  /**
   * Shows again what an earlier run listed in the first format, and goes on behind it in all.
   * @param handed where it was another box: which of the last segments the next version is to list
   */
  restore(playlist: MediaPlaylist, segments: readonly Segment[], handed?: Unlisted): void {
    const [main, ...others] = this.all;
    const { unlisted = 0, listedAgoMs } = handed ?? {};
    const listed = segments.length - unlisted;
    main?.restore(playlist, segments.slice(0, listed), playlist.ended, listedAgoMs);
    if (unlisted > 0) main?.add(...segments.slice(listed));
    for (const publisher of others) publisher.restoreBehind(playlist, segments);
  }

  /** As `PlaylistPublisher.freeze`, for all. */
  freeze(): void {
    for (const publisher of this.all) publisher.freeze();
  }

  /** As `PlaylistPublisher.thaw`, for all. */
  thaw(): void {
    for (const publisher of this.all) publisher.thaw();
  }

  /** As `PlaylistPublisher.letGo`, for all. */
  letGo(): void {
    for (const publisher of this.all) publisher.letGo();
  }

  /** As `PlaylistPublisher.begin`, for all. */
  begin(isNew: boolean): readonly Segment[] {
    return this.all.flatMap((publisher) => publisher.begin(isNew));
  }

  /** Has the next version of each list `segments` too, which are the same in all formats. */
  add(segments: readonly Segment[]): void {
    for (const publisher of this.all) publisher.add(...segments);
  }

  /** Has the next version of each tell players that nothing follows. */
  end(): void {
    for (const publisher of this.all) publisher.end();
  }

  /** Lists what is ready; resolves when that is on disk. */
  async flush(): Promise<void> {
    await Promise.all(this.all.map((publisher) => publisher.flush()));
  }

  /** Stops all timers; what is shown stays. */
  close(): void {
    for (const publisher of this.all) publisher.close();
  }

  /** Shows nothing any more. */
  clear(): void {
    for (const publisher of this.all) publisher.clear();
  }
}
