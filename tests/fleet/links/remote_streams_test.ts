/** Endless streams of another box, as threads of this one have them. */
import assert from "node:assert/strict";
import type { FeedNews, FeedRequest } from "../../../src/fleet/links/feed_messages.ts";
import { RemoteStreams } from "../../../src/fleet/links/remote_streams.ts";
import { localStreams } from "../../../src/hls/progressive/local_streams.ts";
import {
  ProgressiveStreams,
  type StreamSubscription,
} from "../../../src/hls/progressive/progressive_streams.ts";
import type { StreamCopies } from "../../../src/hls/progressive/stream_copies.ts";
import type { StreamNews } from "../../../src/hls/progressive/stream_messages.ts";
import { FakeView } from "../../../testing/fleet/fake_view.ts";
import { StreamedBroadcast, StreamListener } from "../../../testing/hls/streamed_broadcast.ts";
import type { Ingest } from "../../../src/session/ingest.ts";

const FRAMES_A_SECOND = 47;

/** Box `a` has the broadcast `demo`, and box `b` has two threads with listeners. */
class TwoBoxes {
  readonly a: StreamedBroadcast;
  readonly view = new FakeView("b");
  readonly streams: RemoteStreams;
  readonly threads: readonly StreamCopies[];
  /** What `a` was asked for. */
  readonly asked: FeedRequest[] = [];
  /** How many bytes came. */
  bytes = 0;
  readonly own: ProgressiveStreams;
  #feed: StreamSubscription | undefined;
  #ingest: Ingest | undefined;
  #frames = 0;

  static async start(): Promise<TwoBoxes> {
    return new TwoBoxes(await StreamedBroadcast.start());
  }

  private constructor(a: StreamedBroadcast) {
    this.a = a;
    const { clock } = a;
    this.own = new ProgressiveStreams({ clock, recent: () => undefined });
    this.streams = new RemoteStreams({
      ...{ clock, view: this.view, own: this.own },
      feeds: { ask: (_, request) => this.#ask(request) },
    });
    this.threads = [1, 2].map(() => localStreams(this.streams, { clock }));
    this.view.give("demo", "a");
  }

  /** So many seconds go on air. */
  async onAir(seconds: number): Promise<void> {
    this.#ingest ??= this.a.publish();
    const to = this.#frames + seconds * FRAMES_A_SECOND;
    for (; this.#frames < to; this.#frames += FRAMES_A_SECOND) {
      await this.a.live(this.#ingest, this.#frames, this.#frames + FRAMES_A_SECOND);
      this.streams.sweep();
    }
  }

  /** The feed begins, or begins anew after it was broken. */
  begin(): void {
    this.#feed?.close();
    this.#feed = this.a.streams.connect((news) => this.take(structuredClone(news)));
    for (const request of this.streams.wantedOf("a")) this.#ask(request);
  }

  /** The stream is over at `a`. */
  end(): void {
    this.#feed?.close();
    this.take({ kind: "over", name: "demo" });
  }

  take(news: StreamNews): void {
    const told: FeedNews = { kind: "streams", news };
    if (told.news.kind === "chunks") {
      for (const { chunks } of told.news.chunks) {
        for (const { bytes } of chunks) this.bytes += bytes.length;
      }
    }
    this.streams.take("a", told.news);
  }

  async join(thread = 0): Promise<StreamListener> {
    const joined = await this.threads[thread]?.join("demo");
    assert.ok(typeof joined === "object");
    return new StreamListener(joined.cursor);
  }

  #ask(request: FeedRequest): void {
    this.asked.push(request);
    if (request.kind === "streams") this.#feed?.take(request.request);
  }

  async stop(): Promise<void> {
    this.#feed?.close();
    for (const thread of this.threads) thread.close();
    this.own.close();
    await this.a.stop();
  }
}

Deno.test("an endless stream of another box comes once, and all threads have all of it", async () => {
  const boxes = await TwoBoxes.start();
  await boxes.onAir(6);
  boxes.begin();
  assert.equal(boxes.streams.fileOf("demo"), "stream.aac");
  assert.equal(boxes.bytes, 0);
  const listeners = await Promise.all([boxes.join(0), boxes.join(1), boxes.join(1)]);
  await boxes.onAir(10);
  for (const { frames } of listeners) {
    assert.ok(frames.length >= 10 * FRAMES_A_SECOND);
    assert.deepEqual(frames, frames.map((_, i) => (frames[0] ?? 0) + i));
  }
  const subscriptions = boxes.asked.filter((request) => {
    return request.kind === "streams" && request.request.kind === "subscribe";
  });
  assert.equal(subscriptions.length, 1);
  for (const listener of listeners) listener.leave();
  await boxes.a.clock.advance(62_000);
  boxes.streams.sweep();
  assert.deepEqual(boxes.streams.wantedOf("a"), []);
  await boxes.stop();
});

Deno.test("a feed that begins anew tells nothing twice to those who listen", async () => {
  const boxes = await TwoBoxes.start();
  await boxes.onAir(6);
  boxes.begin();
  const listener = await boxes.join();
  await boxes.onAir(5);
  boxes.streams.becomeStale("a");
  boxes.begin();
  await boxes.onAir(5);
  const { frames } = listener;
  assert.deepEqual(frames, frames.map((_, i) => (frames[0] ?? 0) + i));
  await boxes.stop();
});

Deno.test("a stream that is over at its box is over here, a moment later", async () => {
  const boxes = await TwoBoxes.start();
  await boxes.onAir(6);
  boxes.begin();
  const listener = await boxes.join();
  boxes.end();
  assert.ok(!listener.isOver);
  await boxes.a.clock.advance(4000);
  boxes.streams.sweep();
  assert.ok(listener.isOver);
  assert.equal(boxes.streams.fileOf("demo"), undefined);
  await boxes.stop();
});

Deno.test("a stream goes on where its broadcast has gone to a third box", async () => {
  const boxes = await TwoBoxes.start();
  await boxes.onAir(6);
  boxes.begin();
  const listener = await boxes.join();
  boxes.end();
  boxes.view.give("demo", "c");
  boxes.streams.change(["demo"]);
  await boxes.a.clock.advance(4000);
  boxes.streams.sweep();
  assert.ok(!listener.isOver);
  assert.equal(boxes.streams.wantedOf("c").length, 1);
  await boxes.stop();
});
