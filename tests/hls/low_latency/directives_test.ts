/** What players may ask for by delivery directives, and what becomes of it. */
import assert from "node:assert/strict";
import {
  parseDirectives,
  type PlaylistEdge,
  reload,
  type ReloadAnswer,
} from "../../../src/hls/low_latency/directives.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { LowBroadcast } from "../../../testing/hls/low_broadcast.ts";

/** Segment 111 is whole, of three parts; 112 has one. */
const EDGE: PlaylistEdge = { openSequence: 112, openParts: 1, lastParts: 3, ended: false };
/** Nothing of 112 is there yet. */
const NEW_EDGE: PlaylistEdge = { ...EDGE, openParts: 0 };

const ANSWERS: readonly [query: string, answer: ReloadAnswer, edge?: PlaylistEdge][] = [
  ["", "now"],
  ["_HLS_skip=YES", "now"],
  ["_HLS_report=x", "now"],
  // What there is
  ["_HLS_msn=0", "now"],
  ["_HLS_msn=111", "now"],
  ["_HLS_msn=110&_HLS_part=0", "now"],
  ["_HLS_msn=111&_HLS_part=2", "now"],
  ["_HLS_msn=112&_HLS_part=0", "now"],
  ["_HLS_part=0&_HLS_msn=112", "now"],
  // A part behind the last one of its segment is the first of the next segment
  ["_HLS_msn=110&_HLS_part=3", "now"],
  ["_HLS_msn=110&_HLS_part=900", "now"],
  ["_HLS_msn=111&_HLS_part=3", "now"],
  ["_HLS_msn=111&_HLS_part=3", "wait", NEW_EDGE],
  ["_HLS_msn=111&_HLS_part=2", "now", NEW_EDGE],
  // What comes next
  ["_HLS_msn=112", "wait"],
  ["_HLS_msn=113", "wait"],
  ["_HLS_msn=112&_HLS_part=1", "wait"],
  ["_HLS_msn=112&_HLS_part=8", "wait"],
  ["_HLS_msn=112&_HLS_part=0", "wait", NEW_EDGE],
  ["_HLS_msn=113&_HLS_part=0", "wait"],
  ["_HLS_msn=113&_HLS_part=7", "wait"],
  // What is too far away
  ["_HLS_msn=114", "refuse"],
  ["_HLS_msn=114&_HLS_part=0", "refuse"],
  ["_HLS_msn=999999999999999", "refuse"],
  ["_HLS_msn=112&_HLS_part=9", "refuse"],
  ["_HLS_msn=112&_HLS_part=8", "refuse", NEW_EDGE],
  ["_HLS_msn=113&_HLS_part=8", "refuse"],
  // What can be nothing
  ["_HLS_part=0", "refuse"],
  ["_HLS_msn=", "refuse"],
  ["_HLS_msn=112&_HLS_part=", "refuse"],
  ["_HLS_msn=-1", "refuse"],
  ["_HLS_msn=1.5", "refuse"],
  ["_HLS_msn=0x70", "refuse"],
  ["_HLS_msn=1e2", "refuse"],
  ["_HLS_msn=%2B111", "refuse"],
  ["_HLS_msn=111&_HLS_msn=112", "refuse"],
  ["_HLS_msn=112&_HLS_part=0&_HLS_part=1", "refuse"],
  ["_HLS_msn=99999999999999999999", "refuse"],
  ["_HLS_msn=111&_HLS_part=x", "refuse"],
];

for (const [query, answer, edge = EDGE] of ANSWERS) {
  const parts = edge === EDGE ? "" : " before the segment begins";
  Deno.test(`?${query} is answered by "${answer}"${parts}`, () => {
    assert.equal(answerTo(query, edge), answer);
  });
}

Deno.test("nothing waits and nothing is refused once the playlist has ended", () => {
  for (const [query] of ANSWERS) assert.equal(answerTo(query, { ...EDGE, ended: true }), "now");
});

Deno.test("what is hinted at may be waited for, and is there with the next version", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(3 * 47);
  for (let version = 0; version < 12; version++) {
    const [, sequence, part] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(broadcast.playlist.hint ?? "") ?? [];
    const query = `_HLS_msn=${sequence}&_HLS_part=${part}`;
    assert.equal(answerTo(query, broadcast.edge), "wait");
    const before = broadcast.versions.length;
    while (broadcast.versions.length === before) await broadcast.send(1);
    assert.equal(answerTo(query, broadcast.edge), "now");
  }
});

Deno.test("a part of a segment that ended early is waited for up to the next segment", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(3 * 47 + 16);
  await broadcast.discontinuity();
  assert.equal(answerTo("_HLS_msn=103&_HLS_part=1", broadcast.edge), "wait");
  await broadcast.send(16);
  assert.equal(answerTo("_HLS_msn=103&_HLS_part=1", broadcast.edge), "now");
});

function answerTo(query: string, edge = EDGE): ReloadAnswer {
  return reload(parseDirectives(new URLSearchParams(query)), edge);
}
