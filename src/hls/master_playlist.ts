/**
 * The master playlist of a broadcast (RFC 8216 4.3.4).
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { codecOf } from "../audio/codec_of.ts";

/** What master playlists are called, for players that want one. */
export const MASTER_FILE = "index.m3u8";

/** A segment as far as a master playlist needs it. */
export interface MeasuredSegment {
  /** In bytes; 0 where it is not known. */
  readonly size: number;
  readonly durationUs: number;
}

/**
 * Writes a master playlist of one variant, with its bandwidths as measured (RFC 8216 4.3.4.2).
 * @param uri the media playlist's
 * @param config that of what is heard now; `undefined` where it is not known
 * @returns `undefined` where nothing can be measured yet
 */
export function renderMasterPlaylist(
  uri: string,
  config: AudioConfig | undefined,
  segments: readonly MeasuredSegment[],
): string | undefined {
  const measured = segments.filter(({ size }) => size > 0);
  if (measured.length === 0) return undefined;
  const bits = measured.reduce((sum, { size }) => sum + 8 * size, 0);
  const seconds = measured.reduce((sum, { durationUs }) => sum + durationUs / 1e6, 0);
  const peak = Math.max(...measured.map(({ size, durationUs }) => 8e6 * size / durationUs));
  const attributes = [
    `BANDWIDTH=${Math.ceil(peak)}`,
    `AVERAGE-BANDWIDTH=${Math.ceil(bits / seconds)}`,
  ];
  if (config !== undefined) attributes.push(`CODECS="${codecOf(config).codecString(config)}"`);
  return `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-STREAM-INF:${attributes.join(",")}\n${uri}\n`;
}
