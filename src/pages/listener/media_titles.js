// @ts-check
/// <reference lib="dom" />
// Titles as playlists and segments tell them: date ranges, and ID3 tags.

/** @typedef {import("./show.js").ShownTitle} ShownTitle */

/** The CLASS of the date ranges that tell titles. */
const TITLE_CLASS = "echo.now-playing";
const TAG_HEADER = 10;
const FRAME_HEADER = 10;
const UTF_8 = 3;

/**
 * The titles that a playlist tells in its date ranges.
 * @param {Record<string, { class: string, startDate: Date, attr: Record<string, string> } | undefined>} dateRanges
 *   as hls.js has them
 * @returns {ShownTitle[]}
 */
export function titlesOfDateRanges(dateRanges) {
  return Object.values(dateRanges).flatMap((range) => {
    if (range?.class !== TITLE_CLASS || Number.isNaN(range.startDate.getTime())) return [];
    const { "X-TITLE": title = null, "X-ARTIST": artist = null } = range.attr;
    return [{ title, artist, at: range.startDate.toISOString() }];
  });
}

/**
 * The title that an ID3 tag tells (ID3v2.4 sections 3 and 4), as Echo writes it.
 * @param {Uint8Array} tag
 * @returns {{ title: string | null, artist: string | null } | undefined} `undefined` where it is
 *   some other tag
 */
export function titleOfId3(tag) {
  if (tag.length < TAG_HEADER || latin(tag.subarray(0, 3)) !== "ID3" || tag[3] !== 4) return;
  const end = Math.min(tag.length, TAG_HEADER + syncSafe(tag.subarray(6)));
  /** @type {Map<string, string>} */
  const texts = new Map();
  for (let at = TAG_HEADER; at + FRAME_HEADER < end;) {
    const from = at + FRAME_HEADER;
    const size = syncSafe(tag.subarray(at + 4));
    if (tag[from] === UTF_8) {
      const text = new TextDecoder().decode(tag.subarray(from + 1, from + size));
      texts.set(latin(tag.subarray(at, at + 4)), text.replace(/\0.*$/s, ""));
    }
    at = from + size;
  }
  const [title, artist] = [texts.get("TIT2"), texts.get("TPE1")];
  return { title: title || null, artist: artist || null };
}

/** @param {Uint8Array} bytes */
function latin(bytes) {
  return String.fromCharCode(...bytes);
}

/** Four bytes of seven bits each. @param {Uint8Array} bytes */
function syncSafe([a = 0, b = 0, c = 0, d = 0]) {
  return a << 21 | b << 14 | c << 7 | d;
}
