/** Frames on their way to a client that takes them slowly, or not at all. */
import assert from "node:assert/strict";
import { FrameSender } from "../../../src/http/http2/frame_sender.ts";
import { FRAME_TYPES } from "../../../src/http/http2/frames.ts";
import { Http2Session } from "../../../src/http/http2/http2_session.ts";
import type { Http2Stream } from "../../../src/http/http2/http2_stream.ts";
import { PeerGone } from "../../../src/http/peer_gone.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { framesIn, greedyBeginning, request } from "../../../testing/http2/http2_client.ts";
import { until } from "../../../testing/until.ts";

const STREAMS = 100;
const BODY_BYTES = 150_000;

/** A session whose client has asked for much at once, and lets be sent as much as there is. */
class Scene {
  readonly clock = new FakeClock();
  readonly sender: FrameSender;
  readonly streams: Http2Stream[] = [];
  /** What it has read. */
  readonly taken: Uint8Array<ArrayBuffer>[] = [];
  #pending: { readonly bytes: Uint8Array; readonly resolve: (count: number) => void } | undefined;
  #readsAll = false;

  constructor() {
    const write = (bytes: Uint8Array) =>
      new Promise<number>((resolve) => {
        this.#pending = { bytes, resolve };
        if (this.#readsAll) void this.take(Infinity);
      });
    this.sender = new FrameSender({ write }, this.clock, () => assert.fail("it is told too much"));
    const session = new Http2Session({
      maxFields: 100,
      maxBytes: 16_384,
      output: this.sender,
      onRequest: (stream) => void this.streams.push(stream),
    });
    session.feed(greedyBeginning());
    for (let i = 0; i < STREAMS; i++) session.feed(request(2 * i + 1));
  }

  answerAll(): Promise<unknown> {
    const body = new Uint8Array(BODY_BYTES);
    return Promise.all(this.streams.map((stream) => stream.sendBody(body, true, () => {})));
  }

  /** What is being written. */
  async written(): Promise<Uint8Array> {
    const pending = await until("something is written", () => this.#pending);
    return pending.bytes;
  }

  /** The client reads so much of what is being written. */
  async take(count: number): Promise<void> {
    const part = (await this.written()).subarray(0, count);
    this.taken.push(new Uint8Array(part));
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve(part.length);
  }

  /** From now on the client reads what comes. */
  readAll(): void {
    this.#readsAll = true;
  }
}

Deno.test("however much a client asks for at once, little waits for it to take it", async () => {
  const scene = new Scene();
  void scene.answerAll();
  for (let i = 0; i < 5; i++) {
    const { length } = await scene.written();
    assert.ok(length < 140_000, `${length} bytes are written at once`);
    await scene.take(length);
  }
});

Deno.test("what a failed write was to send is not written over for another client", async () => {
  const clock = new FakeClock();
  const written: Uint8Array[] = [];
  const senderTo = (isGone: boolean) => {
    const write = (bytes: Uint8Array) => {
      written.push(bytes);
      return isGone ? Promise.reject(new Error("gone")) : Promise.resolve(bytes.length);
    };
    return new FrameSender({ write }, clock, () => assert.fail("it is told too much"));
  };
  await assert.rejects(senderTo(true).send(Uint8Array.of(1)), PeerGone);
  await senderTo(false).send(Uint8Array.of(2));
  await senderTo(false).send(Uint8Array.of(3));
  const [failed, next, last] = written.map(({ buffer }) => buffer);
  assert.notEqual(next, failed);
  assert.equal(last, next, "what was written is used again");
});

Deno.test("all of it comes in the end, and each answer has its turn", async () => {
  const scene = new Scene();
  scene.readAll();
  await scene.answerAll();
  const frames = framesIn(new Uint8Array(await new Blob(scene.taken).arrayBuffer()));
  const data = frames.filter(({ type }) => type === FRAME_TYPES.DATA);
  const sent = new Map(scene.streams.map(({ id }) => [id, 0]));
  for (const { streamId, payload } of data) {
    sent.set(streamId, (sent.get(streamId) ?? 0) + payload.length);
    const counts = [...sent.values()];
    const ahead = Math.max(...counts) - Math.min(...counts);
    assert.ok(ahead <= 2 * 65_536, `one is ${ahead} bytes ahead of another`);
  }
  assert.deepEqual(new Set(sent.values()), new Set([BODY_BYTES]));
});

Deno.test("a client is stuck once it has taken nothing for 20 s", async () => {
  const scene = new Scene();
  void scene.answerAll();
  await scene.written();
  assert.equal(scene.sender.isStuck, false);
  await scene.clock.advance(19_000);
  assert.equal(scene.sender.isStuck, false);
  await scene.take(10);
  await scene.written();
  assert.equal(scene.sender.isStuck, false, "it has taken a little");
  await scene.clock.advance(19_000);
  assert.equal(scene.sender.isStuck, false);
  await scene.clock.advance(2000);
  assert.equal(scene.sender.isStuck, true);
});
