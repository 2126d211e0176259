/** What operators read of an encoder's audio. */
import assert from "node:assert/strict";
import { channelsWord, codecName } from "../../../src/pages/dashboard/audio_words.js";

Deno.test("a codec has its name, and what is not known stands as it came", () => {
  assert.equal(codecName("mp4a.40.2"), "AAC-LC (mp4a.40.2)");
  assert.equal(codecName("mp4a.40.29"), "HE-AAC v2 (mp4a.40.29)");
  assert.equal(codecName("mp4a.40.34"), "MP3 (mp4a.40.34)");
  assert.equal(codecName("mp4a.40.99"), "mp4a.40.99");
  assert.equal(codecName(null), "");
});

Deno.test("one channel is mono, two are stereo", () => {
  assert.deepEqual([1, 2, 6, null].map(channelsWord), ["mono", "stereo", "6", ""]);
});
