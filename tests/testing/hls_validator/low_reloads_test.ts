/** What the tests' own follower asks a server of low latency for, and what answers it takes. */
import assert from "node:assert/strict";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { LowBroadcast } from "../../../testing/hls/low_broadcast.ts";
import { LowFollower } from "../../../testing/hls_validator/low_follower.ts";
import { parseLowPlaylist } from "../../../testing/hls_validator/low_playlist_reader.ts";
import { checkReload, LowReloads } from "../../../testing/hls_validator/low_reloads.ts";
import { until } from "../../../testing/until.ts";

Deno.test("parts are asked for, now and then a whole segment, and a request once more", async () => {
  const { versions } = await broadcastOf(20);
  const reloads = new LowReloads();
  assert.equal(reloads.next(undefined).query, "");
  const asked = versions.map((text) => reloads.next(parseLowPlaylist(text)));
  assert.deepEqual(asked.slice(0, 3).map(({ query }) => query), [
    "?_HLS_msn=103&_HLS_part=0",
    "?_HLS_msn=103&_HLS_part=1",
    "?_HLS_msn=103&_HLS_part=2",
  ]);
  const again = asked.flatMap(({ isAgain }, i) => isAgain ? [i] : []);
  assert.deepEqual(again.slice(0, 2), [6, 13]);
  for (const i of again) assert.equal(asked[i]?.query, asked[i - 1]?.query);
  const alone = asked.filter(({ query }) => /^\?_HLS_msn=\d+$/.test(query));
  assert.ok(alone.length >= 2);
});

Deno.test("an answer has the part or the segment that was asked for, or what follows it", async () => {
  const newest = (await broadcastOf(5)).playlist;
  const open = newest.segments.at(-1);
  assert.deepEqual([open?.sequence, open?.parts.length, open?.whole], [105, 1, undefined]);
  const isWrong = (sequence: number, part?: number) => {
    const reload = { query: "?", sequence, part, isAgain: false };
    return checkReload(reload, newest).length > 0;
  };
  assert.deepEqual([isWrong(105, 0), isWrong(105, 1), isWrong(106, 0)], [false, true, true]);
  assert.deepEqual([isWrong(104), isWrong(105), isWrong(106)], [false, true, true]);
  assert.equal(isWrong(104, 3), false, "part 3 of 3 is the first one of the next segment");
});

Deno.test("a server that waits with its answers breaks no rule", async () => {
  assert.deepEqual(await breachesOf(), []);
});

Deno.test("a server that answers before there is anything new is caught", async () => {
  const breaches = await breachesOf({ answer: (served) => Math.max(0, served - 1) });
  assert.ok(breaches.some((breach) => /is the version before$/.test(breach)), breaches.join("\n"));
  assert.ok(breaches.some((breach) => / is older than what it asks for$/.test(breach)));
});

Deno.test("an init section that changes under its name is caught", async () => {
  let count = 0;
  const breaches = await breachesOf({
    spoil: (file, bytes) => file.startsWith("init") && count++ > 0 ? bytes.toReversed() : bytes,
  });
  assert.match(breaches.join("\n"), /^init-\w+\.mp4 has other bytes than before$/);
});

Deno.test("a server that is back and never has anything new is caught", async () => {
  const breaches = await breachesOf({ isBackWithNothing: true });
  assert.match(breaches.join("\n"), /^status 503 for \?_HLS_msn=\d+&_HLS_part=\d+: later$/);
});

/** What a server does wrong. */
interface Faults {
  /** Which version it answers with where the follower has had so many. */
  readonly answer?: (served: number) => number;
  readonly spoil?: (file: string, bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  readonly isBackWithNothing?: boolean;
}

/** What is wrong with a server that has a version more with each request. */
async function breachesOf(faults: Faults = {}): Promise<string[]> {
  const { answer = (served: number) => served, spoil = (_: string, bytes) => bytes } = faults;
  const broadcast = await broadcastOf(14);
  await broadcast.end();
  const { versions } = broadcast;
  let served = 0;
  let last = "";
  const respond = ({ url }: Request): Response => {
    const { pathname, search } = new URL(url);
    const file = pathname.slice(1);
    const caching = (value: string) => ({
      "Content-Type": file.endsWith("m3u8") ? "application/vnd.apple.mpegurl" : "audio/mp4",
      "Cache-Control": value,
      "Access-Control-Allow-Origin": "*",
    });
    const bytes = broadcast.files.get(file);
    if (bytes !== undefined) {
      const headers = caching("max-age=600, immutable");
      return new Response(spoil(file, Uint8Array.from(bytes)), { headers });
    }
    if (file !== "low-media.m3u8") return new Response("no such file", { status: 404 });
    const isLost = faults.isBackWithNothing === true && served > 3;
    if (isLost) return new Response("later", { status: 503 });
    if (search === "" || search !== last) served++;
    last = search;
    const sequence = /^\?_HLS_msn=(\d+)$/.exec(search)?.[1];
    // All of a segment comes with a later version.
    const isWaiting = () => {
      const reload = { query: search, sequence: Number(sequence), part: undefined, isAgain: false };
      return checkReload(reload, parseLowPlaylist(versions[served - 1] ?? "")).length > 0;
    };
    if (sequence !== undefined) { while (isWaiting()) served++; }
    const version = versions[Math.min(answer(served - 1), versions.length - 1)];
    return new Response(version, { headers: caching(search === "" ? "no-cache" : "max-age=6") });
  };
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, respond);
  const follower = new LowFollower(`http://127.0.0.1:${server.addr.port}/low.m3u8`);
  try {
    if (faults.isBackWithNothing === true) {
      await until("it has begun", () => follower.versions > 2);
      follower.serverIsDown();
      follower.serverIsBack();
    }
    await until("it is over", () => {
      return follower.playlist !== undefined && follower.playlist.hint === undefined ||
        follower.breaches.length > 1 ||
        faults.isBackWithNothing === true && follower.breaches.length > 0;
    });
    if (follower.playlist?.hint === undefined) await follower.ended();
  } finally {
    await follower[Symbol.asyncDispose]().catch(() => {});
  }
  return [...new Set(follower.breaches)];
}

/** @param seconds how many segments it has, and the first part of the next */
async function broadcastOf(seconds: number): Promise<LowBroadcast> {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(seconds * 47 + 20);
  return broadcast;
}
