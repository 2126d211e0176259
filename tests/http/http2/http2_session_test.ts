/** What a session of HTTP/2 makes of what a client sends, and where it ends it. */
import assert from "node:assert/strict";
import { FLAGS, frame, numbers, settingsFrame } from "../../../src/http/http2/frames.ts";
import { encodeHeader } from "../../../src/http/http2/hpack_encoder.ts";
import { type ErrorCode, Http2Error } from "../../../src/http/http2/http2_error.ts";
import {
  beginning,
  fieldsOf,
  GET_FIELDS,
  PREFACE,
  request,
  SessionHarness,
} from "../../../testing/http2/http2_client.ts";

const NOTHING = new Uint8Array();

/** A session with which a client has begun. */
function begun(settings: readonly (readonly [number, number])[] = []): SessionHarness {
  const harness = new SessionHarness();
  harness.session.feed(beginning(settings));
  harness.takeSent();
  return harness;
}

Deno.test("a request is the same wherever what brings it is cut", () => {
  const bytes = Uint8Array.of(...beginning(), ...request(1), ...request(3, { hasBody: true }));
  for (let at = 0; at <= bytes.length; at++) {
    const { session, streams } = new SessionHarness();
    session.feed(bytes.subarray(0, at));
    session.feed(bytes.subarray(at));
    assert.deepEqual(streams.map(({ id, isBodyOver }) => [id, isBodyOver]), [[1, true], [
      3,
      false,
    ]]);
    assert.deepEqual(streams[0]?.fields, GET_FIELDS);
  }
});

Deno.test("an answer goes out as far as the client allows", async () => {
  const harness = begun([[0x4, 10]]);
  harness.session.feed(request(1));
  const [stream] = harness.streams;
  assert.ok(stream);
  await stream.sendHead([[":status", "200"]], false);
  let taken = 0;
  const sending = stream.sendBody(new Uint8Array(25), true, (bytes) => taken += bytes);
  await Promise.resolve();
  const [head, first] = harness.takeSent();
  assert.ok(head && first);
  assert.deepEqual(fieldsOf(head), [[":status", "200"]]);
  assert.equal(first.payload.length, 10);
  harness.session.feed(frame("WINDOW_UPDATE", 0, 1, numbers(14)));
  await new Promise((resolve) => setTimeout(resolve));
  // What is set anew counts for requests under way too (RFC 9113 6.9.2).
  harness.session.feed(settingsFrame([[0x4, 11]]));
  assert.equal(await sending, true);
  const data = harness.takeSent().filter(({ type }) => type === 0);
  assert.deepEqual(data.map(({ payload, flags }) => [payload.length, flags]), [[14, 0], [1, 1]]);
  assert.equal(taken, 25);
  harness.session.finished(stream);
  assert.equal(harness.session.requests, 0);
});

Deno.test("of many first windows in one frame, requests under way get the last one", () => {
  const harness = begun();
  harness.session.feed(request(1));
  const [stream] = harness.streams;
  assert.ok(stream);
  let changes = 0;
  const { window } = stream;
  const add = window.add.bind(window);
  window.add = (bytes) => {
    changes++;
    add(bytes);
  };
  const all = Array.from({ length: 2000 }, (_, i) => [0x4, 1000 + i] as const);
  harness.session.feed(settingsFrame(all));
  assert.deepEqual([window.bytes, changes], [2999, 1]);
});

Deno.test("a body is read as it comes, and as much again may be sent then", async () => {
  const harness = begun();
  harness.session.feed(request(1, { hasBody: true }));
  const [stream] = harness.streams;
  assert.ok(stream);
  const padded = Uint8Array.of(2, 7, 8, 0, 0);
  harness.session.feed(frame("DATA", FLAGS.PADDED, 1, padded));
  harness.session.feed(frame("DATA", FLAGS.END_STREAM, 1, Uint8Array.of(9)));
  // Padding counts as well, at both windows, and is of no use to anybody.
  const padding = harness.takeSent().map(({ streamId, payload }) => [streamId, payload]);
  assert.deepEqual(padding, [[0, numbers(3)], [1, numbers(3)]]);
  assert.deepEqual(await stream.nextBody(), Uint8Array.of(7, 8));
  assert.deepEqual(await stream.nextBody(), Uint8Array.of(9));
  assert.equal(await stream.nextBody(), undefined);
  assert.deepEqual(harness.takeTypes(), ["WINDOW_UPDATE", "WINDOW_UPDATE"]);
});

Deno.test("who takes a request back is not answered, and who answers learns of it", async () => {
  const harness = begun();
  harness.session.feed(request(1, { hasBody: true }));
  const [stream] = harness.streams;
  assert.ok(stream);
  let abandoned = 0;
  stream.onceAbandoned(() => abandoned++);
  const reading = stream.nextBody();
  harness.session.feed(frame("RST_STREAM", 0, 1, numbers(8)));
  assert.equal(await reading, undefined);
  assert.equal(abandoned, 1);
  await stream.sendHead([[":status", "200"]], false);
  assert.equal(await stream.sendBody(new Uint8Array(5), true, () => {}), false);
  harness.session.finished(stream);
  assert.deepEqual(harness.takeTypes(), []);
});

Deno.test("PING and SETTINGS are acknowledged; what is not known is passed over", () => {
  const harness = new SessionHarness();
  harness.session.feed(beginning());
  assert.deepEqual(harness.takeTypes(), ["SETTINGS", "SETTINGS"]);
  harness.session.feed(frame("PING", 0, 0, new Uint8Array(8)));
  assert.deepEqual(harness.takeTypes(), ["PING"]);
  harness.session.feed(frame("PING", FLAGS.ACK, 0, new Uint8Array(8)));
  harness.session.feed(frame("PRIORITY", 0, 1, new Uint8Array(5)));
  harness.session.feed(frame("GOAWAY", 0, 0, new Uint8Array(8)));
  const unknown = frame("PING", 0, 0, NOTHING);
  unknown[3] = 0xee;
  harness.session.feed(unknown);
  assert.deepEqual(harness.takeTypes(), []);
});

Deno.test("no more requests are under way than may be", () => {
  const harness = begun();
  for (let i = 0; i < 101; i++) harness.session.feed(request(2 * i + 1));
  assert.equal(harness.streams.length, 100);
  const [refusal] = harness.takeSent();
  assert.deepEqual([refusal?.streamId, refusal?.payload], [201, numbers(7)]);
});

Deno.test("who goes is told up to where requests were served, and later ones are not", () => {
  const harness = begun();
  harness.session.feed(request(5));
  harness.session.leave("NO_ERROR");
  assert.deepEqual(harness.takeSent()[0]?.payload, numbers(5, 0));
  harness.session.feed(request(7));
  assert.equal(harness.streams.length, 1);
});

const HEAD = encodeHeader(GET_FIELDS);

for (
  const [what, code, ...frames] of [
    ["another beginning", "PROTOCOL_ERROR", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
    ["no SETTINGS first", "PROTOCOL_ERROR", PREFACE, request(1)],
    [
      "a frame that is too long",
      "FRAME_SIZE_ERROR",
      beginning(),
      Uint8Array.of(0, 64, 1, 0, 0, 0, 0, 0, 1),
    ],
    ["a body without a request", "PROTOCOL_ERROR", beginning(), frame("DATA", 0, 1, NOTHING)],
    ["a body that is over", "STREAM_CLOSED", beginning(), request(1), frame("DATA", 0, 1, NOTHING)],
    ["an even number", "PROTOCOL_ERROR", beginning(), request(2)],
    [
      "two heads",
      "PROTOCOL_ERROR",
      beginning(),
      request(1, { hasBody: true }),
      request(1, { hasBody: true }),
    ],
    [
      "something within a head",
      "PROTOCOL_ERROR",
      ...[beginning(), frame("HEADERS", 1, 1, HEAD), frame("PING", 0, 0, new Uint8Array(8))],
    ],
    ["a continuation of nothing", "PROTOCOL_ERROR", beginning(), frame("CONTINUATION", 4, 1, HEAD)],
    [
      "a head in endless parts",
      "ENHANCE_YOUR_CALM",
      ...[beginning(), frame("HEADERS", 1, 1, HEAD)],
      ...Array.from({ length: 20 }, () => frame("CONTINUATION", 0, 1, NOTHING)),
    ],
    [
      "a head that is too large",
      "ENHANCE_YOUR_CALM",
      ...[beginning(), frame("HEADERS", 1, 1, new Uint8Array(16_000))],
      frame("CONTINUATION", 0, 1, new Uint8Array(16_000)),
    ],
    ["a reset of nothing", "PROTOCOL_ERROR", beginning(), frame("RST_STREAM", 0, 1, numbers(8))],
    ["a push", "PROTOCOL_ERROR", beginning(), frame("PUSH_PROMISE", 4, 1, HEAD)],
    ["a short PING", "FRAME_SIZE_ERROR", beginning(), frame("PING", 0, 0, new Uint8Array(7))],
    ["odd SETTINGS", "FRAME_SIZE_ERROR", beginning(), frame("SETTINGS", 0, 0, new Uint8Array(5))],
    ["SETTINGS of a request", "PROTOCOL_ERROR", beginning(), frame("SETTINGS", 0, 1, NOTHING)],
    [
      "a window that grows by 0",
      "PROTOCOL_ERROR",
      beginning(),
      frame("WINDOW_UPDATE", 0, 0, numbers(0)),
    ],
    [
      "a window that is too large",
      "FLOW_CONTROL_ERROR",
      ...[beginning(), frame("WINDOW_UPDATE", 0, 0, numbers(0x7fff_ffff))],
    ],
    ["a first window that is too large", "FLOW_CONTROL_ERROR", beginning([[0x4, 0x8000_0000]])],
    [
      "nothing but padding",
      "PROTOCOL_ERROR",
      beginning(),
      request(1, { hasBody: true }),
      frame("DATA", 8, 1, Uint8Array.of(1)),
    ],
    [
      "more of bodies than may be sent",
      "FLOW_CONTROL_ERROR",
      ...[beginning(), request(1, { hasBody: true })],
      ...Array.from({ length: 5 }, () => frame("DATA", 0, 1, new Uint8Array(16_384))),
    ],
    ["requests beyond those that may be under way", "ENHANCE_YOUR_CALM", beginning()],
    [
      "requests that are taken back all the time",
      "ENHANCE_YOUR_CALM",
      beginning(),
      ...Array.from({ length: 90 }, (_, i) => [
        request(2 * i + 1),
        frame("RST_STREAM", 0, 2 * i + 1, numbers(8)),
      ]).flat(),
    ],
  ] as const satisfies readonly (readonly [string, ErrorCode, ...Uint8Array[]])[]
) {
  Deno.test(`${what} ends the connection with ${code}`, () => {
    const harness = new SessionHarness();
    assert.throws(() => {
      for (const bytes of frames) {
        harness.session.feed(bytes);
        // Routes go on for a while with what nobody waits for any more.
        for (const stream of harness.streams) {
          if (stream.isAbandoned) harness.session.finished(stream);
        }
      }
      if (what.startsWith("requests that are taken back")) takeBackMore(harness);
      if (what.startsWith("requests beyond")) { for (let id = 1;; id += 2) feedOne(harness, id); }
    }, (error) => error instanceof Http2Error && error.code === code);
  });
}

function feedOne({ session }: SessionHarness, id: number): void {
  assert.ok(id < 1000, "it goes on");
  session.feed(request(id));
}

function takeBackMore({ session, streams }: SessionHarness): void {
  for (let id = 201; id < 1000; id += 2) {
    session.feed(request(id));
    session.feed(frame("RST_STREAM", 0, id, numbers(8)));
    const stream = streams.at(-1);
    if (stream !== undefined) session.finished(stream);
  }
}
