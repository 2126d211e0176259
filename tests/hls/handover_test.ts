/** A broadcast that goes from one box to another, as players see it who do not know of boxes. */
import assert from "node:assert/strict";
import { codecOf, configOfText } from "../../src/audio/codec_of.ts";
import type { NameHandover } from "../../src/hls/handed_window.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import { mp3Config } from "../../testing/audio/mp3_streams.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { Box, SECOND, startBoxes } from "../../testing/hls/box.ts";
import { MovingPlayer } from "../../testing/hls/moving_player.ts";
import { demux } from "../../testing/mpegts/timed_collector.ts";

async function masterOf({ origin }: Box): Promise<string> {
  const playlist = await origin.playlist("demo", "index.m3u8");
  return new TextDecoder().decode(playlist?.text);
}

/** As it goes between boxes. */
function overTheWire(handed: NameHandover | undefined): NameHandover {
  assert.ok(handed);
  return JSON.parse(JSON.stringify(handed));
}

/** `to` goes on with the broadcast of `from`. */
function move(from: Box, to: Box, epoch: number): NameHandover {
  const handed = overTheWire(from.hls.handOver("demo"));
  from.letGo();
  to.epoch = epoch;
  to.hls.takeOver("demo", handed);
  return handed;
}

function makersOf(box: Box): string[] {
  return [
    ...new Set(box.playlist.segments.map(({ uri }) => /-(\w+e\d+)\.ts$/.exec(uri)?.[1] ?? "")),
  ];
}

Deno.test("a player does not notice that a broadcast goes on at another box, but for a discontinuity", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  const player = new MovingPlayer();
  await a.send(a.publish(), 20 * SECOND + 30, () => player.look(a));
  const handed = move(a, b, 2);
  assert.equal(handed.kind, "window");
  await player.look(b);
  await b.send(b.publish(), 30 * SECOND, () => player.look(b));
  assert.deepEqual(player.breaches, []);
  const breaks = [...player.heard].filter(([, { uri }]) => uri.includes("-b2e2.")).map(([n]) => n);
  const first = breaks[0] ?? NaN;
  assert.equal(player.heard.get(first - 1)?.frames, 30);
  assert.match(player.heard.get(first - 1)?.uri ?? "", /-a1e1\.ts$/);
  const frames = [...player.heard.values()].reduce((sum, segment) => sum + segment.frames, 0);
  assert.ok(frames >= 49 * SECOND, `${frames} frames`);
  assert.deepEqual(makersOf(b), ["b2e2"]);
  await b.stop();
  await a.stop();
});

Deno.test("a show in MP3 goes on in MP3 at another box, and an AAC one after it in AAC", async () => {
  const clock = new FakeClock();
  const [a, b, c] = await startBoxes(["a1", "b2", "c3"], { clock });
  assert.ok(a && b && c);
  const config = mp3Config({ sampleRate: 22_050, version: 2, samplesPerFrame: 576 });
  const data = codecOf(config).silentFrame(config);
  const play = async (ingest: AdmittedIngest, seconds: number) => {
    ingest.configure(config);
    const frameMs = 576_000 / 22_050;
    for (let ms = 0; ms < 1000 * seconds; ms += frameMs) {
      ingest.write(data, ms);
      await clock.advance(frameMs);
    }
  };
  await play(a.publish(), 12);
  const handed = move(a, b, 2);
  assert.ok(handed.kind === "window" && handed.configs.length === 1);
  assert.equal(configOfText(handed.configs[0] ?? "")?.sampleRate, 22_050);
  assert.match(await masterOf(b), /CODECS="mp4a\.40\.34"\nplaylist\.m3u8\n$/);
  await play(b.publish(), 8);
  for (const { uri } of b.playlist.segments) {
    const { found: { configs, badCount } } = demux(b.bytesOf(uri) ?? new Uint8Array());
    assert.deepEqual([configs, badCount], [[config], 0], uri);
  }
  move(b, c, 3);
  await c.send(c.publish(), 8 * SECOND);
  const { found: { configs: [last] } } = demux(
    c.bytesOf(c.playlist.segments.at(-1)?.uri ?? "") ?? data,
  );
  assert.equal(last?.codec, "aac");
  for (const box of [c, b, a]) await box.stop();
});

for (const frames of [1, 10, 23, 24, 46]) {
  Deno.test(`versions keep their pace where ${frames} frames of a segment are open at the move`, async () => {
    const clock = new FakeClock();
    const [a, b] = await startBoxes(["a1", "b2"], { clock });
    assert.ok(a && b);
    const player = new MovingPlayer();
    await a.send(a.publish(), 16 * SECOND + frames, () => player.look(a));
    move(a, b, 2);
    await player.look(b);
    await b.send(b.publish(), 4 * SECOND, () => player.look(b));
    assert.deepEqual(player.breaches, []);
    await b.stop();
    await a.stop();
  });
}

Deno.test("where nobody takes over, the broadcast goes on, and all that came meanwhile is heard", async () => {
  const clock = new FakeClock();
  const [a] = await startBoxes(["a1"], { clock });
  assert.ok(a);
  const player = new MovingPlayer();
  const ingest = a.publish();
  await a.send(ingest, 16 * SECOND + 20, () => player.look(a));
  a.hls.handOver("demo");
  const { etag } = a.hls.find("demo")?.playlist() ?? {};
  player.exceptions.add("afterHold");
  await a.send(ingest, SECOND, () => player.look(a));
  const frozen = a.hls.find("demo")?.playlist()?.etag;
  await a.send(ingest, SECOND, () => player.look(a));
  assert.equal(a.hls.find("demo")?.playlist()?.etag, frozen);
  assert.notEqual(etag, undefined);
  a.hls.thaw("demo");
  await a.send(ingest, 5 * SECOND, () => player.look(a));
  assert.deepEqual(player.breaches, []);
  const heard = [...player.heard.values()].reduce((sum, { frames }) => sum + frames, 0);
  assert.ok(heard >= 22 * SECOND, `${heard} frames`);
  assert.deepEqual(a.playlist.segments.slice(1).filter(({ discontinuity }) => discontinuity), []);
  await a.stop();
});

Deno.test("what a box has let go is neither listed nor ended there, and goes in its time", async () => {
  const clock = new FakeClock();
  const [a] = await startBoxes(["a1"], { clock });
  assert.ok(a);
  const player = new MovingPlayer();
  const ingest = a.publish();
  await a.send(ingest, 16 * SECOND + 40);
  await player.look(a);
  const before = a.hls.find("demo")?.playlist()?.etag;
  a.hls.handOver("demo");
  a.hls.letGo("demo");
  await a.send(ingest, 3 * SECOND);
  ingest.end("finished");
  await clock.advance(20_000);
  assert.equal(a.hls.find("demo")?.playlist()?.etag, before);
  assert.ok(!a.files.includes("playlist.m3u8"));
  for (const { uri } of player.playlist.segments) assert.ok(a.files.includes(uri), uri);
  await clock.advance(40_000);
  assert.deepEqual(a.files, []);
  assert.equal(a.hls.find("demo"), undefined);
  await a.stop();
});

Deno.test("a broadcast that comes back to a box finds its first segments there as long as they are listed", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  const player = new MovingPlayer();
  await a.send(a.publish(), 16 * SECOND + 5, () => player.look(a));
  move(a, b, 2);
  await player.look(b);
  await b.send(b.publish(), 3 * SECOND + 15, () => player.look(b));
  move(b, a, 3);
  await player.look(a);
  assert.deepEqual(makersOf(a), ["a1e1", "b2e2"]);
  const ingest = a.publish();
  await a.send(ingest, 3 * SECOND, () => player.look(a));
  assert.deepEqual(makersOf(a), ["a1e1", "b2e2", "a1e3"]);
  await a.send(ingest, 60 * SECOND, () => player.look(a));
  assert.deepEqual(player.breaches, []);
  const own = a.files.filter((file) => file.includes("-a1e1."));
  assert.deepEqual(own, []);
  await b.stop();
  await a.stop();
});

Deno.test("numbers are told before they are listed, and not with each segment", async () => {
  const clock = new FakeClock();
  const [a] = await startBoxes(["a1"], { clock });
  assert.ok(a);
  await a.send(a.publish(), 40 * SECOND, () => {
    const told = a.told.at(-1);
    const stream = a.hls.find("demo");
    const next = stream?.playlist() === undefined ? 0 : a.playlist.mediaSequence +
      a.playlist.segments.length;
    assert.ok(next + 7 <= (told?.mediaSequence ?? NaN) || next === 0, `${next}`);
  });
  assert.ok(a.told.length <= 40 / 8 + 2, `told ${a.told.length} times`);
  const [before, after] = a.told.slice(-2);
  assert.ok((after?.endsAtMs ?? 0) > (before?.endsAtMs ?? Infinity));
  await a.stop();
});

Deno.test("where the owner is dead, a box goes on under reserved numbers, later, without a second preroll", async () => {
  const clock = new FakeClock();
  const preroll = {
    entries: [{
      uri: "/prerole/a.ts",
      durationUs: 900_000,
      discontinuity: false,
      wallMs: undefined,
    }],
    low: new Map(),
    files: new Map(),
  };
  const [a, b] = await startBoxes(["a1", "b2"], { clock, preroll });
  assert.ok(a && b);
  const player = new MovingPlayer();
  await a.send(a.publish(), 20 * SECOND + 30, () => player.look(a));
  const { mediaSequence, segments } = a.playlist;
  const told = a.told.at(-1);
  assert.ok(told);
  b.epoch = 2;
  b.elsewhere = () => a.hls.find("demo");
  b.hls.distributor.begin("demo");
  const madeBy = { box: "a1", epoch: 1 };
  b.hls.takeOver("demo", overTheWire({ kind: "numbers", ...told, madeBy, goesOn: true }));
  const ingest = b.publish();
  player.exceptions.add("serverDown");
  // Until it has something of its own, what the dead box listed last is repeated.
  await player.look(b);
  assert.equal(player.playlist.mediaSequence, mediaSequence);
  await b.send(ingest, 3 * SECOND, () => player.look(b));
  player.exceptions.delete("serverDown");
  await b.send(ingest, 20 * SECOND, () => player.look(b));
  assert.deepEqual(player.breaches, []);
  const first = [...player.heard].find(([, { uri }]) => uri.includes("-b2e2."));
  assert.equal(first?.[0], told.mediaSequence);
  assert.ok(told.mediaSequence > mediaSequence + segments.length);
  assert.ok(told.mediaSequence <= mediaSequence + segments.length + 16);
  assert.equal([...player.heard.values()].filter(({ uri }) => uri.startsWith("/")).length, 1);
  await b.stop();
  await a.stop();
});

Deno.test("a box that was killed goes on behind its own window where nobody had the broadcast since", async () => {
  const clock = new FakeClock();
  const [a] = await startBoxes(["a1"], { clock });
  assert.ok(a);
  await a.send(a.publish(), 20 * SECOND);
  const told = a.told.at(-1);
  assert.ok(told);
  const { contents } = a.folder;
  const before = a.playlist;
  for (const [epoch, goesOnBehind] of [[1, true], [4, false]] as const) {
    const again = await Box.start("a1", { clock, contents });
    const numbers = { ...told, mediaSequence: told.mediaSequence + 100 * epoch };
    const madeBy = { box: "a1", epoch };
    again.epoch = 5;
    again.hls.takeOver("demo", { kind: "numbers", ...numbers, madeBy, goesOn: true });
    await again.send(again.publish(), 2 * SECOND);
    const numbersNow = again.playlist.segments.map(({ uri }) => Number(uri.split("-")[0]));
    const next = before.mediaSequence + before.segments.length;
    assert.ok(numbersNow.includes(goesOnBehind ? next : numbers.mediaSequence));
    assert.equal(numbersNow.includes(next - 1), goesOnBehind);
    assert.equal(makersOf(again).at(-1), "a1e5");
    await again.stop();
  }
  await a.stop();
});

Deno.test("a box that is killed after it took over goes on with both boxes' segments", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  const player = new MovingPlayer();
  await a.send(a.publish(), 16 * SECOND + 5, () => player.look(a));
  move(a, b, 2);
  await player.look(b);
  await b.send(b.publish(), 4 * SECOND + 10, () => player.look(b));
  const again = await Box.start("b2", { clock, contents: b.folder.contents, epoch: 2 });
  again.others = [a];
  player.exceptions.add("serverDown");
  await player.look(again);
  assert.deepEqual(makersOf(again), ["a1e1", "b2e2"]);
  await again.send(again.publish(), 3 * SECOND, () => player.look(again));
  assert.deepEqual(player.breaches, []);
  await again.stop();
  await b.stop();
  await a.stop();
});

Deno.test("of a presentation that has ended, only the numbers go on, and the next has its preroll", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  const ingest = a.publish();
  await a.send(ingest, 8 * SECOND);
  ingest.end("finished");
  await clock.advance(15_000);
  assert.equal(a.playlist.ended, true);
  const handed = move(a, b, 2);
  assert.ok(handed.kind === "numbers");
  assert.deepEqual([handed.goesOn, handed.madeBy], [false, { box: "a1", epoch: 1 }]);
  assert.ok(handed.mediaSequence >= a.playlist.mediaSequence + a.playlist.segments.length);
  assert.ok(handed.discontinuitySequence > a.playlist.discontinuitySequence);
  await b.send(b.publish(), 2 * SECOND);
  assert.equal(b.playlist.mediaSequence, handed.mediaSequence);
  assert.equal(b.playlist.discontinuitySequence, handed.discontinuitySequence);
  await b.stop();
  await a.stop();
});

Deno.test("a broadcast moves while its encoder has said goodbye, and is not ended by the box before", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  const player = new MovingPlayer();
  const ingest = a.publish();
  await a.send(ingest, 16 * SECOND, () => player.look(a));
  ingest.end("finished");
  await clock.advance(3000);
  player.exceptions.add("afterHold");
  await player.look(a);
  move(a, b, 2);
  await player.look(b);
  await b.send(b.publish(), 15 * SECOND, () => player.look(b));
  assert.deepEqual(player.breaches, []);
  assert.equal(b.playlist.ended, false);
  await b.stop();
  await a.stop();
});

Deno.test("a window that cannot be read goes on under its numbers", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  await a.send(a.publish(), 8 * SECOND);
  const handed = overTheWire(a.hls.handOver("demo"));
  assert.ok(handed.kind === "window");
  const next = a.playlist.mediaSequence + a.playlist.segments.length;
  b.epoch = 2;
  const playlist = handed.playlist.replace("#EXT-X-VERSION:3\n", "#EXT-X-VERSION:3\n#EXT-X-NEW\n");
  b.hls.takeOver("demo", { ...handed, playlist });
  await b.send(b.publish(), 2 * SECOND);
  assert.ok(b.playlist.mediaSequence >= next);
  assert.deepEqual(makersOf(b), ["b2e2"]);
  await b.stop();
  await a.stop();
});

Deno.test("times go on behind those of a dead box whose clock was ahead", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  await a.send(a.publish(), 3 * SECOND);
  const told = a.told.at(-1);
  assert.ok(told);
  const endsAtMs = Math.ceil(clock.now()) + 5000;
  b.epoch = 2;
  const madeBy = { box: "a1", epoch: 1 };
  b.hls.takeOver("demo", { kind: "numbers", ...told, endsAtMs, madeBy, goesOn: true });
  await b.send(b.publish(), 3 * SECOND);
  assert.equal(b.playlist.segments[0]?.wallMs, endsAtMs);
  await b.stop();
  await a.stop();
});

Deno.test("a show goes on behind a dead box also where the one that took it first listed nothing", async () => {
  const clock = new FakeClock();
  const [a, b, c] = await startBoxes(["a1", "b2", "c3"], { clock });
  assert.ok(a && b && c);
  await a.send(a.publish(), 3 * SECOND);
  const told = a.told.at(-1);
  assert.ok(told);
  const endsAtMs = Math.ceil(clock.now()) + 5000;
  b.epoch = 2;
  const madeBy = { box: "a1", epoch: 1 };
  b.hls.takeOver("demo", { kind: "numbers", ...told, endsAtMs, madeBy, goesOn: true });
  // Who came to it went to the next one before he was let in.
  const handed = move(b, c, 3);
  assert.ok(handed.kind === "numbers" && handed.goesOn);
  await c.send(c.publish(), 3 * SECOND);
  const [first] = c.playlist.segments;
  assert.deepEqual([first?.wallMs, c.playlist.mediaSequence], [endsAtMs, told.mediaSequence]);
  for (const box of [c, b, a]) await box.stop();
});

Deno.test("who asked another box in vain is told of a show that goes on here once there is something", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  await a.send(a.publish(), 3 * SECOND);
  const numbers = a.told.at(-1);
  assert.ok(numbers);
  b.elsewhere = () => ({
    ...{ playlist: () => undefined, masterPlaylist: undefined, unwritten: [] },
    ...{ segment: () => undefined, open: () => new Promise(() => {}) },
  });
  const told: string[] = [];
  const subscriber = b.hls.distributor.connect(({ kind }) => told.push(kind));
  subscriber.take({ kind: "subscribe", name: "demo" });
  b.epoch = 2;
  const madeBy = { box: "a1", epoch: 1 };
  b.hls.takeOver("demo", { kind: "numbers", ...numbers, madeBy, goesOn: true });
  assert.deepEqual(told, ["begun"]);
  await b.send(b.publish(), 3 * SECOND);
  assert.ok(told.includes("version"));
  subscriber.close();
  await b.stop();
  await a.stop();
});

Deno.test("no time of a new show is before the end of the one that ended at another box", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  const ingest = a.publish();
  await a.send(ingest, 8 * SECOND);
  ingest.end("finished");
  await clock.advance(15_000);
  const { wallMs = NaN, durationUs = NaN } = a.playlist.segments.at(-1) ?? {};
  // The clock of the next box is behind, also once its first audio has come.
  clock.setWall(wallMs - 4000);
  const handed = move(a, b, 2);
  assert.ok(handed.kind === "numbers" && !handed.goesOn);
  await clock.advance(3000);
  await b.send(b.publish(), 3 * SECOND);
  assert.ok(handed.endsAtMs >= wallMs + durationUs / 1000);
  assert.equal(b.playlist.segments[0]?.wallMs, handed.endsAtMs);
  await b.stop();
  await a.stop();
});

Deno.test("a new show begins at the time of its box where the one before was over by then", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  const ingest = a.publish();
  await a.send(ingest, 8 * SECOND);
  ingest.end("finished");
  await clock.advance(15_000);
  move(a, b, 2);
  const began = clock.now();
  await b.send(b.publish(), 3 * SECOND);
  assert.equal(b.playlist.segments[0]?.wallMs, Math.floor(began));
  await b.stop();
  await a.stop();
});

Deno.test("programs are told once that it can be heard, and that it no longer can, over all boxes", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  await a.send(a.publish(), 8 * SECOND);
  move(a, b, 2);
  const ingest = b.publish();
  await b.send(ingest, 8 * SECOND);
  ingest.end("lost");
  await clock.advance(120_000);
  await a.send(a.publish(), 1);
  const told = (box: Box) => {
    const outside = box.seen.filter((event) => !("goesOn" in event)).map(({ kind }) => kind);
    return outside.filter((kind) => kind.startsWith("hls-"));
  };
  assert.deepEqual([told(a), told(b)], [["hls-ready"], ["hls-release"]]);
  assert.ok(b.seen.some(({ kind }) => kind === "hls-ready"));
  assert.ok(a.seen.some(({ kind }) => kind === "hls-release"));
  await b.stop();
  await a.stop();
});

Deno.test("where too little was listed before a move, the next box tells when it is enough", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  await a.send(a.publish(), 3 * SECOND);
  move(a, b, 2);
  await b.send(b.publish(), 5 * SECOND);
  const ready = b.seen.filter((event) => event.kind === "hls-ready" && !("goesOn" in event));
  assert.equal(ready.length, 1);
  await b.stop();
  await a.stop();
});

Deno.test("a box that has lost a broadcast shows no earlier time of the next owner", async () => {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  await a.send(a.publish(), 8 * SECOND);
  const told = a.told.at(-1);
  assert.ok(told);
  b.epoch = 2;
  const madeBy = { box: "a1", epoch: 1 };
  b.hls.takeOver("demo", { kind: "numbers", ...told, endsAtMs: 0, madeBy, goesOn: true });
  clock.setWall(clock.now() - 6000);
  const ingest = b.publish();
  await b.send(ingest, 3 * SECOND);
  a.elsewhere = () => b.hls.find("demo");
  const own = await a.served();
  a.letGo();
  const look = async () => {
    a.hls.distributor.version("demo", "playlist.m3u8", []);
    return await a.served();
  };
  assert.equal(await look(), own);
  await b.send(ingest, 12 * SECOND);
  assert.equal(await look(), await b.served());
  await b.stop();
  await a.stop();
});
