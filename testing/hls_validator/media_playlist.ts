/**
 * A strict reader of live media playlists (RFC 8216 4.3), independent of what writes them.
 *
 * @module
 */

/** A segment as a playlist lists it. */
export interface ListedSegment {
  readonly uri: string;
  readonly sequence: number;
  /** What the playlist says before and about it: its tags and URI, as written. */
  readonly text: string;
  /** Seconds. */
  readonly duration: number;
  readonly discontinuity: boolean;
  /** Milliseconds since the epoch. */
  readonly programDateTime: number | undefined;
}

/** One version of a media playlist. */
export interface MediaPlaylist {
  readonly version: number;
  /** Seconds. */
  readonly targetDuration: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly ListedSegment[];
  readonly ended: boolean;
}

/** A text is not a media playlist. */
export class PlaylistError extends Error {
  override readonly name = "PlaylistError";
}

/** Tags that stand once, before the first segment. */
const HEADER_TAGS = [
  "EXT-X-VERSION",
  "EXT-X-TARGETDURATION",
  "EXT-X-MEDIA-SEQUENCE",
  "EXT-X-DISCONTINUITY-SEQUENCE",
];

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads a playlist with the tags that Echo writes; any other tag is an error.
 * @throws {PlaylistError}
 */
export function parseMediaPlaylist(text: string): MediaPlaylist {
  const [first, ...lines] = text.split("\n");
  if (first !== "#EXTM3U") throw expected("#EXTM3U in the first line", first ?? "");
  if (lines.pop() !== "") throw new PlaylistError("Cannot parse the playlist: its end is cut off");

  const header = new Map<string, number>();
  const segments: Omit<ListedSegment, "sequence">[] = [];
  let pending = new PendingSegment();
  let ended = false;
  for (const line of lines) {
    if (ended) throw expected("nothing after EXT-X-ENDLIST", line);
    const [tag, value] = splitTag(line);
    if (tag === undefined) {
      segments.push(pending.finish(line));
      pending = new PendingSegment();
    } else if (tag === "EXT-X-ENDLIST") {
      if (pending.begun) throw expected("a URI before EXT-X-ENDLIST", line);
      ended = true;
    } else if (HEADER_TAGS.includes(tag)) {
      if (header.has(tag)) throw expected(`one ${tag}`, "two");
      if (segments.length > 0 || pending.begun) throw expected(`${tag} before segments`, line);
      header.set(tag, integer(tag, value));
    } else pending.add(tag, value, line);
  }
  if (pending.begun) throw new PlaylistError("Cannot parse the playlist: tags without a segment");
  return assemble(header, segments, ended);
}

function assemble(
  header: ReadonlyMap<string, number>,
  segments: readonly Omit<ListedSegment, "sequence">[],
  ended: boolean,
): MediaPlaylist {
  const of = (tag: string) => {
    const value = header.get(tag);
    if (value === undefined) throw expected(tag, "none");
    return value;
  };
  const mediaSequence = of("EXT-X-MEDIA-SEQUENCE");
  return {
    version: of("EXT-X-VERSION"),
    targetDuration: of("EXT-X-TARGETDURATION"),
    mediaSequence,
    discontinuitySequence: of("EXT-X-DISCONTINUITY-SEQUENCE"),
    segments: segments.map((segment, i) => ({ ...segment, sequence: mediaSequence + i })),
    ended,
  };
}

/** The tags of a segment whose URI is still to come. */
class PendingSegment {
  readonly #lines: string[] = [];
  #duration: number | undefined;
  #programDateTime: number | undefined;
  #discontinuity = false;

  get begun(): boolean {
    return this.#lines.length > 0;
  }

  add(tag: string, value: string, line: string): void {
    this.#lines.push(line);
    if (tag === "EXT-X-DISCONTINUITY" && !this.#discontinuity) {
      this.#discontinuity = true;
    } else if (tag === "EXT-X-PROGRAM-DATE-TIME" && this.#programDateTime === undefined) {
      if (!DATE_TIME.test(value)) throw expected("a date, time and zone", line);
      this.#programDateTime = Date.parse(value);
    } else if (tag === "EXTINF" && this.#duration === undefined) {
      if (!/^\d+\.\d+,/.test(value)) throw expected("a decimal duration and a comma", line);
      this.#duration = parseFloat(value);
    } else throw expected("a known tag, once a segment", line);
  }

  finish(uri: string): Omit<ListedSegment, "sequence"> {
    if (uri === "" || uri.startsWith("#")) throw expected("a URI", uri);
    if (this.#duration === undefined) throw expected(`EXTINF before ${uri}`, "none");
    return {
      uri,
      text: [...this.#lines, uri].join("\n"),
      duration: this.#duration,
      discontinuity: this.#discontinuity,
      programDateTime: this.#programDateTime,
    };
  }
}

/** Name and value of a tag; neither for a URI. */
function splitTag(line: string): [string | undefined, string] {
  if (!line.startsWith("#EXT")) return [undefined, ""];
  const colon = line.indexOf(":");
  return colon < 0 ? [line.slice(1), ""] : [line.slice(1, colon), line.slice(colon + 1)];
}

function integer(tag: string, value: string): number {
  if (!/^\d{1,16}$/.test(value)) throw expected(`a whole number as ${tag}`, value);
  return Number(value);
}

function expected(what: string, got: string): PlaylistError {
  return new PlaylistError(`Cannot parse the playlist: expected ${what}, got ${got}`);
}
