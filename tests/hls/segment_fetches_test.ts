/** What a replica asks other boxes for. */
import assert from "node:assert/strict";
import { NameCopy } from "../../src/hls/name_copy.ts";
import { SegmentUnavailable } from "../../src/hls/origin.ts";
import { SegmentCache } from "../../src/hls/segment_cache.ts";
import { SegmentFetches } from "../../src/hls/segment_fetches.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

const PLAYLIST = `#EXTM3U
#EXT-X-MEDIA-SEQUENCE:1000
#EXTINF:2,
1000-1700000000-ae1.ts
#EXTINF:2,
1001-1700000002-ae1.ts
`;

const LOW = `#EXTM3U
#EXT-X-MAP:URI="init-0123456789abcdef.mp4"
#EXTINF:2,
1001-1700000002-nonce-ae1.m4s
#EXT-X-PART:DURATION=0.3,URI="1002-1700000004-nonce-ae1.0.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1002-1700000004-nonce-ae1.1.m4s"
`;

/** A copy of what another box has, and what that box was asked for. */
function setUp(name = "demo", text = PLAYLIST) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const there = new Set<string>();
  const box = { answer: Promise.resolve() };
  const fetches = new SegmentFetches({
    clock,
    readFile: () => Promise.resolve(undefined),
    readElsewhere: async (_, file) => {
      asked.push(file);
      await box.answer;
      return there.has(file) ? new Uint8Array(1) : undefined;
    },
    ask: () => {},
  });
  const copy = new NameCopy(name, new SegmentCache(2 ** 20).addName());
  const playlists = [{ file: "x.m3u8", text: new TextEncoder().encode(text), etag: undefined }];
  copy.take({ kind: "version", name, playlists, segments: [], unwritten: [], isElsewhere: true });
  return { clock, asked, there, box, fetch: (file: string) => fetches.fetch(copy, file) };
}

Deno.test("another box is not asked for a sequence number that never was, or is long gone", async () => {
  const { asked, there, fetch } = setUp();
  for (const sequence of [1, 500, 1003, 5000]) {
    assert.equal(await fetch(`${sequence}-1-ae1.ts`), undefined);
  }
  assert.deepEqual(asked, []);
  // Who has an older or a newer playlist knows these.
  for (const file of ["960-1699999920-ae1.ts", "1002-1700000004-ae1.ts"]) {
    there.add(file);
    assert.ok(await fetch(file) !== undefined);
  }
});

Deno.test("names that somebody makes up are asked of another box within bounds", async () => {
  const { clock, asked, there, box, fetch } = setUp();
  const go = Promise.withResolvers<void>();
  box.answer = go.promise;
  const first = Array.from({ length: 40 }, (_, i) => fetch(`1000-${i}-ae1.ts`));
  const settled = Promise.allSettled(first);
  await clock.advance(0);
  assert.equal(asked.length, 32);
  go.resolve();
  const refused = (await settled).filter(({ status }) => status === "rejected");
  assert.equal(refused.length, 8);
  for (let i = 100; asked.length < 100; i++) await fetch(`1000-${i}-ae1.ts`);
  await assert.rejects(fetch("1000-999-ae1.ts"), SegmentUnavailable);
  assert.equal(asked.length, 100);
  // What is listed is asked for all the same.
  there.add("1001-1700000002-ae1.ts");
  assert.ok(await fetch("1001-1700000002-ae1.ts") !== undefined);
  await clock.advance(1000);
  assert.equal(await fetch("1000-999-ae1.ts"), undefined);
  assert.equal(asked.at(-1), "1000-999-ae1.ts");
});

Deno.test("what low latency lists is asked for, whatever else is", async () => {
  const { asked, fetch } = setUp("demo~low", LOW);
  for (let i = 0; i < 100; i++) await fetch(`1002-${i}-made-ae1.m4s`);
  await assert.rejects(fetch("1002-100-made-ae1.m4s"), SegmentUnavailable);
  const listed = [
    ...["init-0123456789abcdef.mp4", "1001-1700000002-nonce-ae1.m4s"],
    ...["1002-1700000004-nonce-ae1.0.m4s", "1002-1700000004-nonce-ae1.1.m4s"],
  ];
  for (const file of listed) await fetch(file);
  assert.deepEqual(asked.slice(100), listed);
});
