/**
 * What sources say that they send. What they do send, their bytes tell.
 *
 * @module
 */

/** What Echo takes, in the words of refusals. */
export const TAKEN_FORMATS = "MP3 (audio/mpeg) or AAC in ADTS (audio/aac)";

/** By which names MP3 and AAC in ADTS go. */
const TAKEN_TYPES: ReadonlySet<string> = new Set([
  ...["audio/mpeg", "audio/mp3", "audio/mpeg3", "audio/x-mpeg", "audio/mpegaudio"],
  ...["audio/mpg", "audio/x-mpg", "audio/x-mp3", "audio/x-mpeg-3"],
  ...["audio/aac", "audio/aacp", "audio/x-aac", "audio/x-aacp", "audio/x-hx-aac-adts"],
  ...["audio/adts", "audio/vnd.dlna.adts"],
  ...["application/octet-stream"],
]);

/** Icecast takes a source that says nothing for MP3. */
const DEFAULT_TYPE = "audio/mpeg";

/**
 * Why a source with this Content-Type is refused.
 * @returns `undefined` where it may come in
 */
export function contentTypeRefusal(type: string | undefined): string | undefined {
  const [plain = ""] = (type ?? "").split(";");
  const name = plain.trim().toLowerCase() || DEFAULT_TYPE;
  if (TAKEN_TYPES.has(name)) return undefined;
  return `${name} is not taken here: send ${TAKEN_FORMATS}`;
}
