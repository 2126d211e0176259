/** What a replica has of the broadcasts, and what it asks for: by calls, and over a channel. */
import assert from "node:assert/strict";
import type { Subscriber } from "../../src/hls/distributor.ts";
import { SegmentUnavailable } from "../../src/hls/origin.ts";
import { Replica } from "../../src/hls/replica.ts";
import type { ReplicaNews, ReplicaRequest } from "../../src/hls/replica_messages.ts";
import { setUp } from "../../testing/hls/stream_fixture.ts";
import { until } from "../../testing/until.ts";

const PLAYLIST = "playlist.m3u8";

/** A broadcast `demo`, and a replica of it that is called at once, with what went between them. */
async function onAir(
  options: { segments?: number; cacheBytes?: number; onRead?: (file: string) => void } = {},
) {
  const fixture = setUp();
  const { clock, files, stream, feeder, distributor, broadcast, playlist } = fixture;
  const news: ReplicaNews[] = [];
  const requests: ReplicaRequest[] = [];
  const reads: string[] = [];
  const connected: { subscriber?: Subscriber } = {};
  const replica = new Replica({
    clock,
    readFile: (_, file) => {
      reads.push(file);
      options.onRead?.(file);
      return Promise.resolve(files.files.get(file)?.slice());
    },
    ask: (request) => {
      requests.push(request);
      connected.subscriber?.take(request);
    },
    ...options.cacheBytes === undefined ? {} : { cacheBytes: options.cacheBytes },
  });
  connected.subscriber = distributor.connect((told) => {
    news.push(told);
    replica.take(told);
  });
  stream.join(feeder);
  await broadcast(options.segments ?? 3);
  const listed = () => playlist().segments.map(({ uri }) => uri);
  return { ...fixture, replica, news, requests, reads, listed };
}

Deno.test("a name that nobody asks for costs a replica one message", async () => {
  const { news, requests, broadcast } = await onAir({ segments: 20 });
  await broadcast(1);
  assert.deepEqual([news, requests], [[{ kind: "begun", names: ["demo"] }], []]);
});

Deno.test("with the first request a replica gets what there is, and then each version", async () => {
  const { replica, news, requests, reads, listed, broadcast, stream } = await onAir();
  assert.deepEqual(await replica.playlist("demo", PLAYLIST), stream.playlist());
  assert.deepEqual(requests, [{ kind: "subscribe", name: "demo" }]);
  await broadcast(1);
  assert.deepEqual(await replica.playlist("demo", PLAYLIST), stream.playlist());
  const master = await replica.playlist("demo", "index.m3u8");
  assert.equal(new TextDecoder().decode(master?.text), stream.masterPlaylist);
  const [first = "", , , last = ""] = listed();
  assert.equal((await replica.segment("demo", last))?.bytes.length, 188);
  assert.deepEqual(reads, [], "it came with its version");
  assert.equal((await replica.segment("demo", first))?.bytes.length, 188);
  assert.equal((await replica.segment("demo", first))?.etag, `"${first}"`);
  assert.deepEqual(reads, [first], "once");
  assert.equal(requests.length, 1);
  assert.deepEqual(news.map(({ kind }) => kind), ["begun", "version", "version"]);
});

Deno.test("once it is written and listed, a segment is in memory of replicas alone", async () => {
  const { replica, listed, broadcast, stream } = await onAir();
  await replica.playlist("demo", PLAYLIST);
  await broadcast(1);
  const last = listed().at(-1) ?? "";
  assert.equal(stream.segment(last), undefined);
  assert.notEqual(replica.atHand("demo", last), undefined);
});

Deno.test("what is not written is asked for, each file once, and not often", async () => {
  const { replica, requests, files, reads, listed, broadcast, clock } = await onAir({
    segments: 0,
  });
  files.delay = () => Promise.resolve(false);
  await broadcast(20);
  const wanted = listed();
  const asked = () => requests.flatMap((request) => request.kind === "segments" ? [request] : []);
  const all = [...wanted, ...wanted].map((file) => replica.segment("demo", file));
  await clock.advance(0);
  assert.deepEqual(asked().map((request) => request.wanted.length), [1]);
  await clock.advance(50);
  assert.deepEqual(asked().map((request) => request.wanted.length), [1, 11]);
  for (const served of await Promise.all(all)) assert.equal(served?.bytes.length, 188);
  assert.deepEqual(reads, []);
  for (const file of wanted) await replica.segment("demo", file);
  assert.equal(asked().length, 2, "they are in memory now");
});

Deno.test("whatever a flood asks for, a replica asks for little", async () => {
  const { replica, requests, files, listed, broadcast, clock } = await onAir({
    segments: 0,
    cacheBytes: 188,
  });
  files.delay = () => Promise.resolve(false);
  await broadcast(60);
  let [served, unavailable] = [0, 0];
  for (let i = 0; i < 1000; i++) {
    for (const name of ["demo", "nobody", `n${i}`]) {
      await replica.playlist(name, PLAYLIST);
      const file = name === "demo" ? listed()[i % 12] ?? "" : `${i}-1700000000.ts`;
      Promise.resolve(replica.segment(name, file)).then(
        (found) => found && served++,
        (error) => error instanceof SegmentUnavailable && unavailable++,
      );
    }
    await clock.advance(1);
  }
  await clock.advance(50);
  assert.equal(served + unavailable, 1000);
  assert.ok(requests.length <= 1 + 21, `${requests.length} messages in a second`);
});

Deno.test("where the disk is behind and memory has it no more, it is read after all", async () => {
  const { replica, files, listed, broadcast, clock } = await onAir({ segments: 0 });
  const late = Promise.withResolvers<boolean>();
  files.delay = () => late.promise;
  await broadcast(3);
  await replica.playlist("demo", PLAYLIST);
  files.delay = undefined;
  late.resolve(true);
  await clock.advance(0);
  assert.equal((await replica.segment("demo", listed()[0] ?? ""))?.bytes.length, 188);
});

Deno.test("what came with a version stays, also where it was being read from disk", async () => {
  const { replica, reads, listed } = await onAir({
    onRead: (file) => {
      const segments = [{ file, bytes: new Uint8Array(376) }];
      replica.take({ kind: "version", name: "demo", playlists: [], segments, unwritten: [] });
    },
  });
  const [first = ""] = listed();
  const served = await replica.segment("demo", first);
  assert.deepEqual(reads, [first]);
  assert.equal(served?.bytes.length, 376);
  assert.equal(replica.atHand("demo", first), served);
});

Deno.test("a name that nobody has asked for in a minute is let go, and may be asked for again", async () => {
  const { replica, requests, news, broadcast, stream } = await onAir();
  await replica.playlist("demo", PLAYLIST);
  await broadcast(59);
  assert.notEqual(replica.atHand("demo", PLAYLIST), undefined);
  await broadcast(59);
  assert.equal(requests.length, 1);
  await broadcast(5);
  assert.deepEqual(requests.slice(1), [{ kind: "unsubscribe", name: "demo" }]);
  const told = news.length;
  await broadcast(5);
  assert.equal(news.length, told);
  assert.deepEqual(await replica.playlist("demo", PLAYLIST), stream.playlist());
});

Deno.test("a version that crosses the end of a subscription changes nothing", async () => {
  const { replica, requests, broadcast, stream } = await onAir();
  const version = { kind: "version", name: "demo", playlists: [], segments: [] } as const;
  replica.take({ ...version, unwritten: [] });
  assert.deepEqual(requests, [{ kind: "unsubscribe", name: "demo" }]);
  await broadcast(1);
  assert.deepEqual(await replica.playlist("demo", PLAYLIST), stream.playlist());
});

Deno.test("what has gone is not served, and nobody waits for it", async () => {
  const { replica, leave, clock, stream } = await onAir();
  await replica.playlist("demo", PLAYLIST);
  const options = { newerThan: stream.playlist()?.etag ?? "", maxMs: 3_600_000 };
  const wait = replica.wait("demo", PLAYLIST, options);
  leave("lost");
  await clock.advance(60_000);
  stream.sweep();
  assert.equal(await wait, undefined);
  assert.equal(replica.has("demo"), false);
  assert.equal(await replica.playlist("demo", PLAYLIST), undefined);
});

Deno.test("memory of segments is bounded, over all names, and the oldest go first", async () => {
  const { replica, listed, broadcast } = await onAir({ cacheBytes: 2 * 188 });
  await replica.playlist("demo", PLAYLIST);
  await broadcast(5);
  const inMemory = listed().filter((file) => replica.atHand("demo", file) !== undefined);
  assert.deepEqual(inMemory, listed().slice(-2));
});

Deno.test("what a replica does not take is not piled up for it", async () => {
  const { distributor, stream, add, feeder, clock } = setUp();
  const news: ReplicaNews[] = [];
  const subscriber = distributor.connect((told) => news.push(told));
  stream.join(feeder);
  subscriber.take({ kind: "subscribe", name: "demo" });
  const big = { uri: "7-1700000000.ts", bytes: new Uint8Array(2 ** 20) };
  for (let i = 0; i < 100; i++) distributor.version("demo", PLAYLIST, [big]);
  const sent = () =>
    news.flatMap((told) => told.kind === "version" ? told.segments : [])
      .reduce((sum, { bytes }) => sum + bytes.length, 0) / 2 ** 20;
  assert.equal(sent(), 17);
  assert.equal(news.filter(({ kind }) => kind === "version").length, 101, "it is told of all");
  subscriber.took(17 * 2 ** 20);
  add();
  await clock.advance(0);
  distributor.version("demo", PLAYLIST, [big]);
  assert.ok(sent() > 18, "it goes on");
  stream.close();
});

Deno.test("a replica at the other end of a channel has the same, and memory of its own", async () => {
  const { distributor, stream, feeder, broadcast, clock, files, playlist } = setUp();
  const { port1, port2 } = new MessageChannel();
  const subscriber = distributor.connect((told, transfer) => port1.postMessage(told, transfer));
  port1.onmessage = ({ data }: MessageEvent<ReplicaRequest>) => subscriber.take(data);
  const replica = new Replica({
    clock,
    readFile: (_, file) => Promise.resolve(files.files.get(file)?.slice()),
    ask: (request) => port2.postMessage(request),
  });
  port2.onmessage = ({ data }: MessageEvent<ReplicaNews>) => replica.take(data);
  stream.join(feeder);
  await broadcast(2);
  await until("the name is told", () => replica.has("demo"));
  const served = await replica.playlist("demo", PLAYLIST);
  assert.deepEqual(served?.text, stream.playlist()?.text);
  await broadcast(1);
  const last = playlist().segments.at(-1)?.uri ?? "";
  await until("the segment is there", () => replica.atHand("demo", last) !== undefined);
  const segment = await replica.segment("demo", last);
  assert.deepEqual(segment?.bytes, files.files.get(last));
  distributor.end("demo");
  await until("the name has gone", () => !replica.has("demo"));
  subscriber.close();
  replica.close();
  stream.close();
  port1.close();
  port2.close();
});
