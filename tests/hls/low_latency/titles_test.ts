/** Titles in low latency: in playlists, and as messages in parts. */
import assert from "node:assert/strict";
import * as hlsParser from "hls-parser";
import { Parser } from "m3u8-parser";
import { cleanText, tagsOf } from "../../../src/session/tags.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { concat } from "../../../testing/bytes.ts";
import { Broadcast } from "../../../testing/hls/broadcast.ts";
import { LowBroadcast } from "../../../testing/hls/low_broadcast.ts";
import { LowListener } from "../../../testing/hls/low_listener.ts";
import { FRAME_MS } from "../../../testing/hls/on_air.ts";
import { readMessages, type SeenMessage } from "../../../testing/mp4/event_messages.ts";
import { readByMediabunny } from "../../../testing/mp4/readers.ts";

const SECOND = 47;

const song = (title: string, artist = "Band") => tagsOf({ title, artist }) ?? assert.fail();

/** What is heard from the next frame on. */
function tell(broadcast: LowBroadcast, title: string, artist = "Band"): void {
  broadcast.played.add({
    ...{ title: cleanText(title), artist: cleanText(artist) },
    ...{ position: 0, dueMs: 0, wallMs: broadcast.wallMs },
  });
}

/** All messages of whole segments, with the number of the segment. */
function messagesIn(broadcast: LowBroadcast): (SeenMessage & { readonly sequence: number })[] {
  return [...broadcast.files].flatMap(([file, bytes]) => {
    const sequence = Number(/^(\d+)-\d+-\w+\.m4s$/.exec(file)?.[1]);
    return Number.isNaN(sequence)
      ? []
      : readMessages(bytes).map((message) => ({ ...message, sequence }));
  });
}

Deno.test("a title is in the playlist with the time of its audio, and in the part before it", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(4 * SECOND + 20);
  const wallMs = Math.floor(broadcast.wallMs);
  tell(broadcast, "Song");
  await broadcast.send(2 * SECOND);
  const { dateRanges } = broadcast.playlist;
  assert.deepEqual(dateRanges, [
    { id: `np-${wallMs}`, startMs: wallMs, title: "Song", artist: "Band" },
  ]);
  const [message, ...others] = messagesIn(broadcast);
  assert.deepEqual(others, []);
  assert.deepEqual([message?.sequence, message?.texts], [104, ["Song", "Band"]]);
  const frame = ((message?.seconds ?? 0) - 469 * 1024 / 48000) / (1024 / 48000);
  assert.ok(Math.abs(frame - 4 * SECOND - 20) < 1e-6, `frame ${frame}`);
  const part = [...broadcast.files].find(([file, bytes]) =>
    /\.\d\.m4s$/.test(file) && readMessages(bytes).length > 0
  );
  assert.match(part?.[0] ?? "", /^104-.*\.1\.m4s$/);
  assert.deepEqual(broadcast.breaches, []);
});

Deno.test("each is told again in the first part of every tenth segment, under another number", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  tell(broadcast, "A");
  await broadcast.send(SECOND + 10);
  tell(broadcast, "B");
  await broadcast.send(23 * SECOND);
  const messages = messagesIn(broadcast);
  assert.deepEqual(messages.map(({ sequence, texts: [title] }) => [sequence, title]), [
    ...[[100, "A"], [101, "B"], [111, "B"], [121, "B"]],
  ]);
  assert.equal(new Set(messages.map(({ id }) => id)).size, messages.length);
});

Deno.test("who comes late finds what is heard now, and what was heard in the window", async () => {
  const broadcast = new LowBroadcast(1000, false);
  await broadcast.configure(audioConfig());
  const titles = ["A", "B", "C", "D"];
  for (const title of titles) {
    tell(broadcast, title);
    await broadcast.send(4 * SECOND + 5);
  }
  broadcast.listen(10);
  await broadcast.send(SECOND);
  assert.deepEqual(broadcast.playlist.dateRanges.map(({ title }) => title), ["B", "C", "D"]);
  assert.deepEqual(messagesIn(broadcast).map(({ texts: [title] }) => title), ["B", "C", "D"]);
  assert.deepEqual(broadcast.breaches, []);
});

Deno.test("no title breaks a playlist or a part, and independent readers read it", async () => {
  const nasty = [
    'He said "hi", X-TITLE="x"\r\n#EXT-X-ENDLIST',
    "😀".repeat(3000),
    "a\u2028b\u0000c\u0085d",
    "\ud800 half",
    ",=\\\\ 'quotes' <b>",
    "from {$5} to {$name}",
  ];
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  for (const title of nasty) {
    tell(broadcast, title, title);
    await broadcast.send(2 * SECOND);
  }
  assert.deepEqual(broadcast.breaches, []);
  const text = broadcast.versions.at(-1) ?? "";
  const shown = nasty.map((title) =>
    cleanText(title)?.replaceAll('"', "'").replaceAll("{$", "{ $")
  );
  assert.ok(!text.includes("{$"));
  assert.deepEqual(broadcast.playlist.dateRanges.map(({ title }) => title), shown);
  const parser = new Parser();
  parser.push(text);
  parser.end();
  const ranges: { xTitle: string }[] = parser.manifest.dateRanges;
  assert.deepEqual(ranges.map(({ xTitle }) => xTitle), shown);
  assert.ok(!hlsParser.parse(text).isMasterPlaylist);
  const whole = broadcast.playlist.segments.flatMap(({ map, whole }) =>
    [map, whole?.uri ?? ""].map((file) => broadcast.files.get(file) ?? new Uint8Array())
  );
  const bytes = concat(whole);
  const { hashes } = await readByMediabunny(bytes);
  assert.equal(hashes.length, broadcast.sent.length);
});

Deno.test("a title is kept over a reconnect, and the next show does not begin with it", async () => {
  const broadcast = await Broadcast.start();
  const listener = new LowListener(broadcast);
  const play = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      await broadcast.clock.advance(100);
      await listener.look();
    }
  };
  const send = async (frames: number, ingest: ReturnType<Broadcast["connect"]>) => {
    for (let i = 0; i < frames; i++) {
      broadcast.send(ingest, i);
      await broadcast.clock.advance(FRAME_MS);
      if (i % 4 === 0) await listener.look();
    }
  };
  const first = broadcast.connect();
  first.metadata(song("A"), 0);
  await send(250, first);
  first.end("lost");
  await play(3000);
  await send(100, broadcast.connect());
  assert.deepEqual(listener.playlist.dateRanges.map(({ title }) => title), ["A"]);
  broadcast.manager.find("demo")?.end("lost", { code: 0, message: "" });
  await play(1000);
  await send(200, broadcast.connect());
  assert.deepEqual(listener.playlist.dateRanges.map(({ title }) => title), ["A", undefined]);
  assert.deepEqual(listener.breaches, []);
  listener.origin.close();
  await broadcast.stop();
});
