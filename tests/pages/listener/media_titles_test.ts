/** Titles as the page reads them from playlists and segments. */
import assert from "node:assert/strict";
import { titleOfId3, titlesOfDateRanges } from "../../../src/pages/listener/media_titles.js";
import { writeId3Texts } from "../../../src/audio/id3_texts.ts";

const startDate = new Date("2026-11-23T20:00:00.120Z");

Deno.test("a date range of Echo's class is a title, others are not", () => {
  const attr = { "X-TITLE": "Song", "X-ARTIST": "Band" };
  const titles = titlesOfDateRanges({
    a: { class: "echo.now-playing", startDate, attr },
    b: { class: "echo.now-playing", startDate, attr: {} },
    c: { class: "com.example.ad", startDate, attr },
    d: { class: "echo.now-playing", startDate: new Date(NaN), attr },
    e: undefined,
  });
  const at = "2026-11-23T20:00:00.120Z";
  assert.deepEqual(titles, [
    { title: "Song", artist: "Band", at },
    { title: null, artist: null, at },
  ]);
});

Deno.test("an ID3 tag of Echo's is read as it was written", () => {
  for (const [title, artist] of [["Über <b>", '"DJ" 😀'], ["Song", null], [null, null]] as const) {
    const tag = writeId3Texts({ title: title ?? undefined, artist: artist ?? undefined });
    assert.deepEqual(titleOfId3(tag), { title, artist });
  }
});

Deno.test("what is no such tag, or cut, is no title and does no harm", () => {
  const tag = writeId3Texts({ title: "Song", artist: "Band" });
  assert.equal(titleOfId3(new Uint8Array()), undefined);
  assert.equal(titleOfId3(new TextEncoder().encode("RIFF and more bytes")), undefined);
  assert.equal(titleOfId3(tag.with(3, 3)), undefined, "another version");
  for (let length = 10; length < tag.length; length++) titleOfId3(tag.subarray(0, length));
});
