/** Text as encoders send it: UTF-8 as they should, or the 8-bit characters of their own system. */

/**
 * Decodes bytes that are said to be text: as UTF-8 where they are that, else as Windows-1252, which is
 * Latin-1 with more characters. Never throws.
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return windows1252.decode(bytes);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const windows1252 = new TextDecoder("windows-1252");
