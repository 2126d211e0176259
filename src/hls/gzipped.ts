/**
 * Playlists as clients get them that take gzip (RFC 9110 8.4.1.3): compressed once a version.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import type { ServedPlaylist } from "./origin.ts";

const made = new WeakMap<ServedPlaylist, ServedPlaylist>();

/**
 * The representation of `playlist` for a client: the same object for the same version.
 * @param acceptEncoding its Accept-Encoding; empty where it has none
 */
export function encodedFor(playlist: ServedPlaylist, acceptEncoding: string): ServedPlaylist {
  if (!takesGzip(acceptEncoding)) return playlist;
  const known = made.get(playlist);
  if (known !== undefined) return known;
  const { text, etag, ...more } = playlist;
  const bytes = new Uint8Array(gzipSync(text));
  // Its bytes are others, so a strong entity tag has to be another one (RFC 9110 8.8.3.3).
  const tag = etag?.replace(/"$/, '-gzip"');
  const encoded: ServedPlaylist = { ...more, text: bytes, etag: tag, encoding: "gzip" };
  made.set(playlist, encoded);
  return encoded;
}

/** By name; one that has a weight of 0 is refused. Who takes anything does not ask for gzip. */
function takesGzip(acceptEncoding: string): boolean {
  const [, weight = "1"] = GZIP.exec(acceptEncoding) ?? [, "0"];
  return Number(weight) > 0;
}

const GZIP = /(?:^|,)[ \t]*(?:x-)?gzip[ \t]*(?:;[ \t]*q=([\d.]+)[ \t]*)?(?:,|$)/i;
