/** Streams and origins for tests of what is asked over HTTP. */
import { Distributor, type ServedStream } from "../../src/hls/distributor.ts";
import { localOrigin } from "../../src/hls/local_origin.ts";
import type { ServedPlaylist } from "../../src/hls/origin.ts";
import type { Replica, ReplicaOptions } from "../../src/hls/replica.ts";
import { PLAYLIST_FILE } from "../../src/hls/stream_files.ts";
import { FakeClock } from "../fake_clock.ts";

/** What stands in a {@link servedStream}. */
export interface StreamContents {
  readonly playlist: ServedPlaylist;
  readonly masterPlaylist?: string;
  /** Names of segments' files that are in memory alone. */
  readonly files?: readonly string[];
  readonly segment: (file: string) => Uint8Array<ArrayBuffer> | undefined;
}

/** A stream, as far as HTTP asks of it, whose playlist does not change. */
export function servedStream(contents: StreamContents): ServedStream {
  const { playlist, masterPlaylist, files = [], segment } = contents;
  return {
    playlist: (file) => file === PLAYLIST_FILE ? playlist : undefined,
    masterPlaylist,
    unwritten: files,
    segment,
  };
}

/** An origin of streams by their names. */
export function originOf(
  streams: Readonly<Record<string, () => ServedStream>>,
  readFile: ReplicaOptions["readFile"] = () => Promise.resolve(undefined),
): Replica {
  const distributor = new Distributor((name) => streams[name]?.());
  for (const name of Object.keys(streams)) distributor.begin(name);
  return localOrigin(distributor, { clock: new FakeClock(), readFile });
}
