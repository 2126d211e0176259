/**
 * The playlists of a stream: one for each of its formats, with the same segments in all.
 *
 * @module
 */
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

  /** Shows again what an earlier run listed in the first format, and goes on behind it in all. */
  restore(playlist: MediaPlaylist, segments: readonly Segment[]): void {
    const [main, ...others] = this.all;
    main?.restore(playlist, segments, playlist.ended);
    for (const publisher of others) publisher.restoreBehind(playlist, segments);
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
