/** ID3 tags as players read them, independent of the server's own code. */
import assert from "node:assert/strict";

/**
 * The texts of a tag: title and artist.
 * @throws where it is none of version 2.4 with texts in UTF-8 alone
 */
export function id3Texts(tag: Uint8Array): string[] {
  assert.equal(String.fromCharCode(...tag.subarray(0, 4)), "ID3\x04");
  const texts: string[] = [];
  for (let at = 10; at < tag.length;) {
    const size = tag.subarray(at + 4, at + 8).reduce((sum, byte) => sum * 128 + byte, 0);
    assert.equal(tag[at + 10], 3, "a text in UTF-8");
    texts.push(new TextDecoder().decode(tag.subarray(at + 11, at + 10 + size)));
    at += 10 + size;
  }
  return texts;
}
