/** Low latency of a broadcast as listeners get it over HTTP. */
import assert from "node:assert/strict";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { concat } from "../../../testing/bytes.ts";
import { Broadcast } from "../../../testing/hls/broadcast.ts";
import { type Asked, LowListener } from "../../../testing/hls/low_listener.ts";
import { FRAME_MS } from "../../../testing/hls/on_air.ts";
import { readByMediabunny } from "../../../testing/mp4/readers.ts";
import type { Ingest } from "../../../src/session/ingest.ts";

const MEDIA = "low-media.m3u8";

/** A broadcast that sends, and who listens to it. */
interface Show {
  readonly broadcast: Broadcast;
  readonly ingest: Ingest;
  readonly listener: LowListener;
}

/** On air for so many frames, of which nobody has heard any in low latency. */
async function onAir(frames = 200): Promise<Show> {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, frames);
  return { broadcast, ingest, listener: new LowListener(broadcast) };
}

/** Frames in real time, while the listener plays. */
async function play({ broadcast, listener }: Show, ingest: Ingest, from: number, to: number) {
  for (let number = from; number < to; number++) {
    broadcast.send(ingest, number);
    await pass({ broadcast, listener }, FRAME_MS);
  }
}

/** Time passes, while the listener plays. */
async function pass({ broadcast, listener }: Omit<Show, "ingest">, ms: number) {
  for (let left = ms; left > 0; left -= 100) {
    await broadcast.clock.advance(Math.min(left, 100));
    await listener.look();
  }
}

async function stop({ broadcast, listener }: Show): Promise<void> {
  listener.origin.close();
  await broadcast.stop();
}

/** Status and Cache-Control. */
function outcome({ answer }: Asked): [number | undefined, string | null | undefined] {
  return [answer?.status, answer?.headers.get("Cache-Control")];
}

/** It, once it is answered. */
async function settled({ clock }: Broadcast, asked: Asked): Promise<Asked> {
  while (asked.answer === undefined) await clock.advance(0);
  return asked;
}

Deno.test("the first request finds what the window has, and all that it names can be had", async () => {
  const show = await onAir();
  const { listener } = show;
  const master = await listener.get("low.m3u8");
  assert.equal(master.status, 200);
  assert.match(await master.text(), /#EXT-X-STREAM-INF:.*CODECS="mp4a.40.2"\nlow-media.m3u8\n$/);
  await listener.look();
  await show.broadcast.clock.advance(0);
  await listener.look();
  const { segments } = listener.playlist;
  assert.deepEqual(segments.map(({ parts }) => parts.length), [0, 0, 3, 3]);
  for (const { map, parts, whole } of segments) {
    const bytes: Uint8Array[] = [];
    for (const file of [map, ...parts.map(({ uri }) => uri), whole?.uri ?? ""]) {
      const answer = await listener.get(file);
      assert.equal(answer.status, 200, file);
      assert.equal(answer.headers.get("Content-Type"), "audio/mp4");
      assert.equal(answer.headers.get("Cache-Control"), "max-age=600, immutable");
      bytes.push(await answer.bytes());
    }
    const [init = new Uint8Array(), ...media] = bytes;
    const segment = media.pop() ?? new Uint8Array();
    if (parts.length > 0) assert.deepEqual(concat(media), segment);
    assert.equal((await readByMediabunny(concat([init, segment]))).hashes.length, 47);
  }
  assert.deepEqual(listener.breaches, []);
  await stop(show);
});

Deno.test("before the third segment there is nothing, and no broadcast has nothing", async () => {
  const show = await onAir(100);
  for (const file of [MEDIA, "low.m3u8", `${MEDIA}?_HLS_msn=1`]) {
    assert.equal((await show.listener.get(file)).status, 404);
  }
  await show.broadcast.clock.advance(61_000);
  await stop(show);
});

Deno.test("who asks for the next part gets the version that has it, and no sooner", async () => {
  const show = await onAir();
  const { broadcast, ingest, listener } = show;
  await play(show, ingest, 200, 250);
  const version = await listener.get(MEDIA);
  assert.equal(version.headers.get("Cache-Control"), "no-cache");
  assert.equal(version.headers.get("Content-Type"), "application/vnd.apple.mpegurl");
  const { hint = "" } = listener.playlist;
  const [, sequence, part] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(hint) ?? [];
  const asked = [
    listener.ask(`${MEDIA}?_HLS_msn=${sequence}&_HLS_part=${part}`),
    listener.ask(hint),
  ];
  const ahead = listener.ask(`${MEDIA}?_HLS_msn=${sequence}`);
  let frame = 250;
  for (; asked[0]?.answer === undefined; frame++) {
    assert.equal(asked[1]?.answer, undefined);
    await broadcast.live(ingest, frame, frame + 1);
    assert.ok(frame < 270);
  }
  const [playlist, media] = asked.map(({ answer }) => answer);
  assert.equal(playlist?.headers.get("Cache-Control"), "max-age=6");
  assert.ok((await playlist?.text())?.includes(`"${hint}"`));
  assert.deepEqual([media?.status, media?.headers.get("Content-Type")], [200, "audio/mp4"]);
  for (; ahead.answer === undefined; frame++) await broadcast.live(ingest, frame, frame + 1);
  assert.ok((await ahead.answer.text()).includes(`\n${sequence}-`));
  await stop(show);
});

Deno.test("what cannot be is refused, and what does not come ends", async () => {
  const show = await onAir();
  const { broadcast, listener } = show;
  await listener.get(MEDIA);
  const refused = await listener.get(`${MEDIA}?_HLS_part=1`);
  assert.deepEqual([refused.status, refused.headers.get("Cache-Control")], [400, "max-age=1"]);
  const next = Number(
    /#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(await (await listener.get(MEDIA)).text())?.[1],
  );
  assert.equal((await listener.get(`${MEDIA}?_HLS_msn=${next + 9}`)).status, 400);
  const unknown = await listener.get(`${next + 4}-1700000000-abc.7.m4s`);
  assert.deepEqual([unknown.status, unknown.headers.get("Cache-Control")], [404, "max-age=1"]);
  const waits = listener.ask(`${MEDIA}?_HLS_msn=${next + 5}`);
  await broadcast.clock.advance(0);
  assert.ok(waits.answer === undefined);
  listener.origin.dismiss();
  await broadcast.clock.advance(0);
  assert.deepEqual(outcome(waits), [503, "no-store"]);
  await stop(show);
});

Deno.test("who leaves does not wait any more, and nobody else is kept by it", async () => {
  const show = await onAir();
  const { broadcast, ingest, listener } = show;
  const text = await (await listener.get(MEDIA)).text();
  const [, sequence, part] = /"(\d+)-[^"]*\.(\d+)\.m4s"\n$/.exec(text) ?? [];
  const file = `${MEDIA}?_HLS_msn=${sequence}&_HLS_part=${part}`;
  const leaver = new AbortController();
  const [left, stays] = [listener.ask(file, { signal: leaver.signal }), listener.ask(file)];
  await broadcast.clock.advance(0);
  leaver.abort();
  await broadcast.clock.advance(0);
  assert.deepEqual(outcome(left), [503, "no-store"]);
  assert.ok(stays.answer === undefined);
  await broadcast.live(ingest, 200, 220);
  assert.deepEqual(outcome(stays), [200, "max-age=6"]);
  await stop(show);
});

Deno.test("where too many wait, the oldest of them are told to come again", async () => {
  const show = await onAir();
  const { broadcast, ingest, listener } = show;
  const text = await (await listener.get(MEDIA)).text();
  const [, sequence, part] = /"(\d+)-[^"]*\.(\d+)\.m4s"\n$/.exec(text) ?? [];
  const file = `${MEDIA}?_HLS_msn=${sequence}&_HLS_part=${part}`;
  const all = Array.from({ length: 10_000 }, () => listener.ask(file));
  const [first, ...others] = all;
  const last = listener.ask(file);
  assert.deepEqual(first && outcome(await settled(broadcast, first)), [503, "no-store"]);
  await broadcast.live(ingest, 200, 220);
  for (const asked of [...others, last]) {
    assert.equal((await settled(broadcast, asked)).answer?.status, 200);
  }
  await stop(show);
});

Deno.test("a listener keeps the rules company over a reconnect, a hold, new configurations and the end", async () => {
  const show = await onAir();
  const { broadcast, ingest, listener } = show;
  await play(show, ingest, 200, 600);
  ingest.end("lost");
  await pass(show, 5000);
  const second = broadcast.connect();
  await play(show, second, 900, 1100);
  second.configure(audioConfig({ sampleRate: 44100 }));
  await play(show, second, 1100, 1300);
  second.end("lost");
  await pass(show, 35_000);
  const third = broadcast.connect();
  await play(show, third, 0, 300);
  third.end("finished");
  await pass(show, 15_000);
  assert.equal(listener.playlist.hint, undefined);
  assert.deepEqual(listener.breaches, []);
  assert.ok(listener.versions.length > 100);
  const ts = broadcast.playlist();
  const { mediaSequence, segments } = listener.playlist;
  const alike = ts.segments.map(({ discontinuity, wallMs = 0 }, i) => {
    const sequence = ts.mediaSequence + i;
    return { sequence, discontinuity, programDateTime: new Date(wallMs).toISOString() };
  });
  const low = segments.map(({ sequence, discontinuity, programDateTime }) => {
    return { sequence, discontinuity, programDateTime };
  });
  assert.ok(mediaSequence <= ts.mediaSequence);
  assert.deepEqual(low.slice(ts.mediaSequence - mediaSequence), alike);
  await stop(show);
});

Deno.test("behind the end directives are ignored, and a new presentation can be heard", async () => {
  const show = await onAir();
  const { broadcast, ingest, listener } = show;
  await listener.get(MEDIA);
  ingest.end("finished");
  await broadcast.pass(11_000);
  const ended = await listener.get(`${MEDIA}?_HLS_msn=9&_HLS_part=x`);
  assert.match(await ended.text(), /#EXT-X-ENDLIST\n$/);
  const again = broadcast.connect();
  await broadcast.live(again, 0, 250);
  const text = await (await listener.get(MEDIA)).text();
  assert.match(text, /#EXT-X-PRELOAD-HINT/);
  await stop(show);
});

Deno.test("it is there no longer than somebody listens, and can be had again", async () => {
  const show = await onAir();
  const { broadcast, ingest, listener } = show;
  const first = await (await listener.get(MEDIA)).text();
  const [, part = ""] = /YES,URI="([^"]*)"/.exec(first) ?? [];
  assert.equal((await listener.get(part)).status, 200);
  const stream = broadcast.hls.find("demo");
  await broadcast.live(ingest, 200, 200 + 50 * 47);
  assert.ok(stream?.low.playlist(MEDIA));
  await broadcast.live(ingest, 200 + 50 * 47, 200 + 70 * 47);
  assert.equal(stream?.low.playlist(MEDIA), undefined);
  assert.deepEqual(stream?.low.unwritten, []);
  const second = await (await listener.get(MEDIA)).text();
  const nonces = [first, second].map((text) => /-([0-9a-z]+)\.m4s/.exec(text)?.[1]);
  assert.notEqual(nonces[0], nonces[1]);
  await stop(show);
});

Deno.test("where nobody has media of it, or waits for them, it is let go within a few seconds", async () => {
  const show = await onAir();
  const { broadcast, ingest, listener } = show;
  const stream = broadcast.hls.find("demo");
  let frame = 200;
  const seconds = async (count: number) => {
    await broadcast.live(ingest, frame, frame + count * 47);
    frame += count * 47;
  };
  assert.equal((await listener.get(MEDIA)).status, 200);
  for (let i = 0; i < 4; i++) {
    await seconds(2);
    assert.equal((await listener.get("low.m3u8")).status, 200, "playlists alone are no sound");
  }
  await seconds(5);
  assert.equal(stream?.low.playlist(MEDIA), undefined);
  const text = await (await listener.get(MEDIA)).text();
  const [, sequence, part] = /"(\d+)-[^"]*\.(\d+)\.m4s"\n$/.exec(text) ?? [];
  const waits = listener.ask(`${MEDIA}?_HLS_msn=${sequence}&_HLS_part=${part}`);
  await seconds(30);
  assert.equal(waits.answer?.status, 200);
  assert.ok(stream?.low.playlist(MEDIA), "somebody waited for a part");
  await stop(show);
});

Deno.test("a listener counts once a segment, however many parts it fetches", async () => {
  const show = await onAir();
  const { listener } = show;
  await listener.get(MEDIA);
  const names = (await (await listener.get(MEDIA)).text()).matchAll(/YES,URI="([^"]*)"/g);
  for (const [, file = ""] of names) await listener.get(file);
  assert.equal(listener.fetched.length, 2);
  await stop(show);
});
