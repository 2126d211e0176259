/** The file by which players that know no more than a list of URLs open a broadcast. */

/** What it is called, beside a broadcast's own files. */
export const M3U_FILE = "stream.m3u";

/** The type by which systems know which player opens it. */
export const M3U_TYPE = "audio/x-mpegurl";

/**
 * Makes the file of the broadcast `name`.
 * @param url the public URL of the broadcast's page, which ends with a slash; `undefined`: not known
 */
export function m3u(name: string, url: string | undefined): string {
  return `#EXTM3U\n#EXTINF:-1,${name}\n${url ?? ""}playlist.m3u8\n`;
}
