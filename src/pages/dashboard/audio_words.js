// @ts-check
// What people call the audio that an encoder sends.

/** By the object type in the codecs parameter (RFC 6381; ISO/IEC 14496-3 table 1.17). */
const NAMES = new Map([
  ["mp4a.40.1", "AAC Main"],
  ["mp4a.40.2", "AAC-LC"],
  ["mp4a.40.4", "AAC-LTP"],
  ["mp4a.40.5", "HE-AAC"],
  ["mp4a.40.29", "HE-AAC v2"],
  ["mp4a.40.34", "MP3"],
]);

/**
 * The codec's name, with the codecs parameter where they differ.
 * @param {string | null} codecs the codecs parameter
 */
export function codecName(codecs) {
  if (codecs === null) return "";
  const name = NAMES.get(codecs);
  return name === undefined ? codecs : `${name} (${codecs})`;
}

/** @param {number | null} channels */
export function channelsWord(channels) {
  if (channels === null) return "";
  return channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels}`;
}
