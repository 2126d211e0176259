/**
 * What the endless stream of a broadcast is called, and how its frames are written.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";

/** What an endless stream is, by the codec of the broadcast. */
export interface StreamForm {
  /** What it is called, beside a broadcast's own files. */
  readonly file: string;
  /** Media type. */
  readonly type: string;
}

/**
 * That of frames with this configuration. They stand one behind the other, framed as in the elementary
 * stream of MPEG-TS: each of AAC behind an ADTS header.
 * @returns `undefined` where there is no such stream of that codec
 */
export function streamFormOf({ codec }: Pick<AudioConfig, "codec">): StreamForm | undefined {
  return FORMS.get(codec);
}

/** Its media type, by what it is called; `undefined` where `file` is no endless stream. */
export function streamTypeOf(file: string): string | undefined {
  return [...FORMS.values()].find((form) => form.file === file)?.type;
}

/** By codec. */
const FORMS: ReadonlyMap<string, StreamForm> = new Map([
  ["aac", { file: "stream.aac", type: "audio/aac" }],
  ["mp3", { file: "stream.mp3", type: "audio/mpeg" }],
]);

/**
 * What the endless stream of a broadcast is called besides, whatever its codec is: so it can be named
 * before the broadcast begins.
 */
export const ANY_STREAM_FILE = "stream";

/** What endless streams may be called. */
export const STREAM_FILES: readonly string[] = [
  ANY_STREAM_FILE,
  ...[...FORMS.values()].map(({ file }) => file),
];
