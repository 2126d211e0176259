/** A broadcast in low latency: begun out of what MPEG-TS has, and what is kept of it. */
import assert from "node:assert/strict";
import { initFile } from "../../../src/hls/low_latency/low_names.ts";
import { initSection } from "../../../src/mp4/init_section.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { concat } from "../../../testing/bytes.ts";
import { LowBroadcast } from "../../../testing/hls/low_broadcast.ts";
import { md5, readByMediabunny } from "../../../testing/mp4/readers.ts";

const SECOND = 47;

Deno.test("who comes first finds at once what the window has, with the parts of the open segment", async () => {
  const broadcast = new LowBroadcast(1000, false);
  await broadcast.configure(audioConfig());
  await broadcast.send(13 * SECOND + 40);
  broadcast.listen(12);
  await broadcast.clock.advance(0);
  assert.equal(broadcast.versions.length, 1);
  const { mediaSequence, segments, hint } = broadcast.playlist;
  assert.deepEqual([mediaSequence, segments.length], [101, 13]);
  assert.match(hint ?? "", /^113-\d+-k3f9\.2\.m4s$/);
  await broadcast.send(3 * SECOND);
  assert.deepEqual(broadcast.breaches, []);
  const hashes = await heard(broadcast);
  const from = (broadcast.playlist.mediaSequence - 100) * SECOND;
  assert.deepEqual(hashes, broadcast.sent.map(md5).slice(from, from + hashes.length));
  assert.ok(hashes.length > 13 * SECOND);
});

Deno.test("any moment will do to come first", async () => {
  for (let frames = 1; frames <= SECOND; frames++) {
    const broadcast = new LowBroadcast(1000, false);
    await broadcast.configure(audioConfig());
    await broadcast.send(3 * SECOND + frames);
    broadcast.listen(broadcast.segments.length);
    await broadcast.send(2 * SECOND);
    await broadcast.end();
    assert.deepEqual(broadcast.breaches, []);
    assert.deepEqual(await heard(broadcast), broadcast.sent.map(md5));
  }
});

Deno.test("a discontinuity and a change of the configuration in the window stay what they are", async () => {
  const broadcast = new LowBroadcast(1000, false);
  await broadcast.configure(audioConfig({ sampleRate: 44100 }));
  await broadcast.send(2 * 44);
  await broadcast.configure(audioConfig());
  await broadcast.send(SECOND + 5);
  await broadcast.discontinuity();
  await broadcast.send(SECOND);
  broadcast.listen(5);
  await broadcast.clock.advance(0);
  const { segments } = broadcast.playlist;
  assert.deepEqual(segments.map(({ discontinuity }) => Number(discontinuity)), [0, 0, 1, 0, 1]);
  assert.deepEqual(segments.map(({ map }) => Number(map === segments[0]?.map)), [1, 1, 0, 0, 0]);
  assert.deepEqual(broadcast.breaches, []);
});

Deno.test("what MPEG-TS does not tell of HE-AAC is told of earlier segments too", async () => {
  const config = audioConfig({ sampleRate: 24000, sbr: true });
  const broadcast = new LowBroadcast(1000, false);
  await broadcast.configure(config);
  await broadcast.send(4 * 24);
  broadcast.listen(3);
  await broadcast.clock.advance(0);
  const maps = new Set(broadcast.playlist.segments.map(({ map }) => map));
  assert.deepEqual([...maps], [initFile(initSection(config))]);
});

Deno.test("nothing of a making that was dropped has a name that the next one uses", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(5 * SECOND);
  const before = new Set(broadcast.files.keys());
  broadcast.files.clear();
  broadcast.listen(4, "x0q7");
  await broadcast.send(2 * SECOND);
  const again = [...broadcast.files.keys()].filter((file) => before.has(file));
  assert.deepEqual(again, [...before].filter((file) => file.startsWith("init-")));
  assert.deepEqual(broadcast.breaches, []);
});

Deno.test("what is made again has the times that it had, which are those of MPEG-TS", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(3 * SECOND + 11);
  await broadcast.configure(audioConfig({ sampleRate: 44100 }));
  await broadcast.send(3 * 44 + 7);
  const before = await begins(broadcast);
  for (const earlier of [7, 3, 1]) {
    broadcast.listen(earlier, `again${earlier}`);
    await broadcast.send(3 * 44);
    const after = await begins(broadcast);
    for (const [sequence, time] of after) {
      const was = before.get(sequence) ?? time;
      assert.ok(Math.abs(time - was) < 1e-6, `${sequence} begins at ${time}, not ${was}`);
    }
  }
});

Deno.test("all that a version names is there with it", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  for (let frame = 0; frame < 20 * SECOND; frame++) {
    await broadcast.send(1);
    if (broadcast.versions.length === 0) continue;
    const named = broadcast.playlist.segments.flatMap(({ map, parts, whole }) => {
      return [map, ...parts.map(({ uri }) => uri), ...whole === undefined ? [] : [whole.uri]];
    });
    const missing = named.filter((file) =>
      !broadcast.files.has(file) || broadcast.stream?.files.has(file) !== true
    );
    assert.deepEqual(missing, []);
  }
});

Deno.test("a segment goes with its parts so long after it has left the playlist", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(13 * SECOND);
  const [first = ""] = [...broadcast.files.keys()].filter((file) => /^100-.*\d\.m4s$/.test(file));
  const ofFirst = () => {
    return [...broadcast.stream?.files.keys() ?? []].filter((file) => file.startsWith("100-"));
  };
  assert.ok(ofFirst().includes(first));
  broadcast.stream?.sweep(38_000);
  assert.equal(ofFirst().length, 4);
  await broadcast.clock.advance(39_000);
  broadcast.stream?.sweep(38_000);
  assert.deepEqual(ofFirst(), []);
  assert.ok([...broadcast.stream?.files.keys() ?? []].length > 40);
});

/** MD5 of the frames in what is listed, in order. */
async function heard(broadcast: LowBroadcast): Promise<string[]> {
  const hashes: string[] = [];
  for (const { map, parts, whole } of broadcast.playlist.segments) {
    const names = whole === undefined ? parts.map(({ uri }) => uri) : [whole.uri];
    const bytes = [map, ...names].map((file) => broadcast.files.get(file) ?? new Uint8Array());
    hashes.push(...(await readByMediabunny(concat(bytes))).hashes);
  }
  return hashes;
}

/** When each whole segment that is listed begins, in seconds, by its number. */
async function begins(broadcast: LowBroadcast): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  for (const { sequence, map, whole } of broadcast.playlist.segments) {
    const bytes = [map, whole?.uri ?? ""].map((file) => broadcast.files.get(file));
    if (whole === undefined) continue;
    const read = await readByMediabunny(concat(bytes.map((part) => part ?? new Uint8Array())));
    times.set(sequence, read.begins);
  }
  return times;
}
