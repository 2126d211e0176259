/** What reads HTTP/2: frames and compressed headers. */
import assert from "node:assert/strict";
import { FLAGS, frame, numbers } from "../../../src/http/http2/frames.ts";
import { HpackDecoder } from "../../../src/http/http2/hpack_decoder.ts";
import { encodeHeader } from "../../../src/http/http2/hpack_encoder.ts";
import { Http2Error } from "../../../src/http/http2/http2_error.ts";
import { requestHead } from "../../../src/http/http2/http2_head.ts";
import { HttpError } from "../../../src/http/http_error.ts";
import { beginning, GET_FIELDS, request, SessionHarness } from "../../http2/http2_client.ts";
import { about, randomPiecesOf, type Target } from "../target.ts";

const POST = [[":method", "POST"], ...GET_FIELDS.slice(1), ["content-length", "3"]] as const;

/** Connections of clients. */
const CONNECTIONS = [
  [beginning(), request(1), request(3), frame("RST_STREAM", 0, 3, numbers(8))],
  [
    beginning([[0x4, 10]]),
    request(1, { fields: POST, hasBody: true }),
    frame("DATA", FLAGS.END_STREAM, 1, Uint8Array.of(1, 2, 3)),
    frame("WINDOW_UPDATE", 0, 1, numbers(100)),
  ],
  [
    beginning(),
    frame("HEADERS", FLAGS.END_STREAM, 1, encodeHeader(GET_FIELDS).subarray(0, 5)),
    frame("CONTINUATION", FLAGS.END_HEADERS, 1, encodeHeader(GET_FIELDS).subarray(5)),
    frame("PING", 0, 0, new Uint8Array(8)),
  ],
].map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

export const HTTP2_TARGETS: readonly Target[] = [
  {
    name: "http2_session",
    errors: [],
    tokens: [request(5), frame("SETTINGS", FLAGS.ACK, 0, new Uint8Array())],
    seeds: () => CONNECTIONS,
    run: (input) => {
      const whole = readSession([input]);
      assert.deepEqual(readSession(randomPiecesOf(input)), whole);
      return `${whole.problem} ${about(whole.requests.length)} ${about(whole.sentFrames)}`;
    },
  },
  {
    name: "hpack",
    errors: [Http2Error],
    maxBytes: 4096,
    seeds: () => [
      encodeHeader(GET_FIELDS),
      encodeHeader([["x-long", "a".repeat(300)], ["cookie", "a=b"]]),
      Uint8Array.fromHex("828684418cf1e3c2e5f23a6ba0ab90f4ff40825a84"),
    ],
    run: (input) => {
      const decoder = new HpackDecoder({ maxFields: 100, maxBytes: 16_384 });
      const fields = decoder.decode(input);
      const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
      assert.ok(fields.length <= 100 && size <= 16_384);
      return `${about(fields.length)} ${about(size)}`;
    },
  },
];

/** What a session makes of a connection. */
function readSession(pieces: Iterable<Uint8Array>) {
  const harness = new SessionHarness();
  let problem = "none";
  try {
    for (const piece of pieces) harness.session.feed(piece);
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    problem = error.code;
  }
  const requests = harness.streams.map((stream) => {
    try {
      const { method, target, body } = requestHead(stream.fields, !stream.isBodyOver);
      return `${method} ${target} ${body} ${stream.isAbandoned}`;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return error.message;
    }
  });
  return { problem, requests, sentFrames: harness.takeSent().length };
}
