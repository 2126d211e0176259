/** The bytes of a show's segments and init sections: out of its files, and of silence. */
import { FragmentWriter } from "../../mp4/fragment.ts";
import { trackSection } from "../../mp4/init_section.ts";
import { MAX_MOVIE_BYTES, MOVIE_OFFSET, parseFileHeader } from "../../mp4/movie.ts";
import type { ArchivedFiles } from "./archived_files.ts";
import { framesPerFragment } from "./show_news.ts";
import type { ShowSegment } from "./show_segments.ts";

/**
 * Reads a segment: a range of its file, and silence that is not in the file.
 * @returns `undefined` where the file is no longer there
 */
export async function readSegmentBytes(
  files: Pick<ArchivedFiles, "read">,
  name: string,
  segment: ShowSegment,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { facts, offset, bytes } = segment;
  const range = { start: offset, end: offset + bytes };
  const inFile = bytes > 0 ? await files.read(name, facts, range) : new Uint8Array();
  return inFile && concat([inFile, ...silenceOf(segment)]);
}

/**
 * Reads the init section of a piece out of its file, without what the file tells of its DJ.
 * @param segment any segment of the piece
 * @returns `undefined` where the file is no longer there
 * @throws {Mp4Error} where Echo did not write it
 */
export async function readInitSection(
  files: Pick<ArchivedFiles, "read">,
  name: string,
  { facts, offset }: ShowSegment,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const end = Math.min(MOVIE_OFFSET + MAX_MOVIE_BYTES, offset);
  const head = await files.read(name, facts, { start: 0, end });
  return head && trackSection(parseFileHeader(head).movie);
}

/** The fragments that the recorder writes if audio follows. */
function silenceOf({ facts, frame, frames, silentFragments }: ShowSegment): Uint8Array[] {
  const perFragment = framesPerFragment(facts);
  const first = facts.firstFrame + frame + frames - silentFragments * perFragment;
  const writer = new FragmentWriter();
  return Array.from({ length: silentFragments }, (_, i) => {
    for (let n = 0; n < perFragment; n++) writer.add(facts.silence);
    return writer.take(first + i * perFragment, facts.samplesPerFrame).slice();
  });
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
