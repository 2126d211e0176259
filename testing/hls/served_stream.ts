/** A stream for tests of what is asked over HTTP. */
import type { ServedStream } from "../../src/hls/local_origin.ts";
import type { ServedPlaylist } from "../../src/hls/origin.ts";
import { PLAYLIST_FILE } from "../../src/hls/stream_files.ts";

/** What stands in a {@link servedStream}. */
export interface StreamContents {
  readonly playlist: ServedPlaylist;
  readonly masterPlaylist?: string;
  readonly segment: (file: string) => Uint8Array<ArrayBuffer> | undefined;
}

/** A stream, as far as HTTP asks of it, whose playlist does not change. */
export function servedStream(contents: StreamContents): ServedStream {
  const { playlist, masterPlaylist, segment } = contents;
  return {
    playlist: (file) => file === PLAYLIST_FILE ? playlist : undefined,
    masterPlaylist,
    segment,
    newer: () => Promise.resolve(undefined),
  };
}
