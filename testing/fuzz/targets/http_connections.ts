/** What reads the bytes of an HTTP connection: heads, bodies, targets, and bodies in JSON. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Context } from "hono";
import { ControlError } from "../../../src/control/control_error.ts";
import { parseBody, publishBody4 } from "../../../src/control/schemas.ts";
import { ChunkedBody } from "../../../src/http/body_decoder.ts";
import { fetchRequest } from "../../../src/http/fetch_request.ts";
import { HttpError } from "../../../src/http/http_error.ts";
import { findHeadEnd, MAX_HEAD_BYTES, parseHead } from "../../../src/http/request_head.ts";
import { requestUrl } from "../../../src/http/request_target.ts";
import { publishBody } from "../../control/control_api.ts";
import { bytesOf as latin1, readRequests } from "../../http/read_requests.ts";
import { SMUGGLING } from "../../http/smuggling.ts";
import { about, bytesOf, randomPiecesOf, type Target, textOf } from "../target.ts";

/** The fields that tell where a body ends, in the text of a head. */
const FRAMING = /^(?:content-length|transfer-encoding)\s*:/gim;
const HOST = "Host: echo\r\n";
const CHUNKS = '5\r\nhello\r\n0A;x="y"\r\n, world...\r\n0\r\n\r\n';

/** Connections of clients that there are. */
const CONNECTIONS = [
  // hls.js in Chromium
  "GET /cast/demo/playlist.m3u8 HTTP/1.1\r\nHost: radio.example:8080\r\nConnection: keep-alive\r\n" +
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\nOrigin: http://a.example\r\n" +
  'If-None-Match: "5-1"\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n',
  // curl
  `POST /echo/4/publish/demo HTTP/1.1\r\n${HOST}User-Agent: curl/7.88.1\r\nAccept: */*\r\n` +
  "Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello",
  // nginx, with nothing but proxy_pass
  "GET /a HTTP/1.0\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n",
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
  // several, one behind the other
  `GET /1 HTTP/1.1\r\n${HOST}\r\nPUT /2 HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc` +
  `PUT /3 HTTP/1.1\r\n${HOST}Transfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n` +
  `\r\nGET http://echo/4?b HTTP/1.1\r\n${HOST}\r\n`,
  // a player, whose heads differ by their targets alone
  `GET /cast/demo/playlist.m3u8 HTTP/1.1\r\n${HOST}Accept: */*\r\n\r\n`.repeat(2) +
  `GET /cast/demo/5-1700000000.ts HTTP/1.1\r\n${HOST}Accept: */*\r\n\r\n`,
  // a head that is all but too long
  `GET /${"a".repeat(MAX_HEAD_BYTES - 40)} HTTP/1.1\r\n${HOST}\r\n`,
];
const WORDS = [
  ...["\r\n", "\r\n\r\n", "\n", "\r", " ", "\t", ":", ";", ",", "\0", "\x0b", "\x7f", "\xe9"],
  ...["HTTP/1.1", "HTTP/1.0", "GET ", "POST ", "http://", "chunked", "identity", "0\r\n\r\n"],
  ...["Content-Length: ", "Transfer-Encoding: ", "Connection: ", "keep-alive", "close", HOST],
  ...["Expect: 100-continue\r\n", "+", "-", "0x", "ffffffff", "99999999999999999999"],
].map(latin1);

export const HTTP_CONNECTION_TARGETS: readonly Target[] = [
  {
    name: "http_connection",
    errors: [],
    maxBytes: 2 * MAX_HEAD_BYTES,
    tokens: WORDS,
    seeds: () => [...CONNECTIONS, ...Object.values(SMUGGLING)].map(latin1),
    run: (input) => {
      const whole = readRequests([input]);
      assert.deepEqual(readRequests(randomPiecesOf(input)), whole);
      const { requests, refused } = whole;
      return `${about(requests.length)} ${refused} ${about(requests[0]?.fields.length ?? 0)} ` +
        `${about(requests[0]?.body.length ?? 0)}`;
    },
  },
  {
    name: "http_request",
    errors: [HttpError],
    maxBytes: 4096,
    tokens: WORDS,
    seeds: () => CONNECTIONS.slice(0, -1).map(latin1),
    run: (input) => {
      const end = findHeadEnd(input, { start: 0, from: 0, end: input.length });
      if (end === undefined) return "no head";
      const bytes = Buffer.from(input.buffer, input.byteOffset, end);
      const head = parseHead(bytes, 0, end);
      const framing = bytes.toString("latin1").match(FRAMING) ?? [];
      assert.ok(framing.length <= 1, "there is one way at most to tell where the body ends");
      const signal = () => new AbortController().signal;
      const source = { scheme: "http", ownHost: "echo", body: null, signal } as const;
      const request = fetchRequest(head, source);
      assert.equal(request.method, head.method);
      const { minor, body, keepAlive, expectsContinue, fields } = head;
      return `${minor} ${body === "chunked" ? body : about(body)} ${keepAlive} ` +
        `${expectsContinue} ${about(fields.length)} ${about(request.url.length)}`;
    },
  },
  {
    name: "http_chunks",
    errors: [],
    maxBytes: 4096,
    tokens: ["\r\n", "\n", "0\r\n\r\n", ";", "fffffff", "ffffffff", "0", "+", " "],
    seeds: () =>
      [CHUNKS, "1\r\na\r\n".repeat(40), `400\r\n${"b".repeat(1024)}\r\n0\r\n\r\n`].map(latin1),
    run: (input) => {
      const whole = decodeChunks([input]);
      assert.deepEqual(decodeChunks(randomPiecesOf(input)), whole);
      return `${whole.problem} ${whole.isOver} ${about(whole.body.length)} ${about(whole.used)}`;
    },
  },
  {
    name: "http_target",
    errors: [HttpError],
    maxBytes: 512,
    tokens: ["http://", "HTTP://", "@", ":", "/", "?", "#", "[::1]", "\\", "%", "..", "\n"],
    seeds: () =>
      ["/a?b\necho", "http://echo:80/a\n", "*\necho", "//a/b\n[::1]:8080", "/..//%2e\n"].map(
        latin1,
      ),
    run: (input) => {
      const [target = "", host] = textOf(input).split("\n");
      const { href } = requestUrl({ target, host }, {
        scheme: "http",
        ownHost: "192.0.2.1:8080",
      });
      const url = URL.parse(href);
      // Nothing in a target may become another host, or somebody's name.
      assert.ok(url === null || (url.protocol === "http:" && url.username === ""));
      return `${url === null} ${url?.port === ""} ${about(url?.pathname.length ?? 0)}`;
    },
  },
  {
    name: "control_body",
    errors: [ControlError],
    maxBytes: 4096,
    tokens: [
      ...['"media":', '"reason":', '"props":', '"type":', '"audio"', '"srt"', '"flv"', '"code":'],
      ...["{", "}", "[", "]", ",", "null", "1e999", '"__proto__":', '"\\ud800"', "[".repeat(500)],
    ],
    seeds: () => [publishBody(), publishBody("rtmp")].map((body) => bytesOf(JSON.stringify(body))),
    run: async (input) => {
      // Sound: it reads the text of a context's request, and no more.
      const c = { req: { text: () => Promise.resolve(textOf(input)) } } as unknown as Context;
      const { media, reason, props } = await parseBody(c, publishBody4);
      return `${media.protocol} ${media.format} ${about(reason.message.length)} ` +
        `${about(Object.keys(props).length)}`;
    },
  },
];

/** What a decoder makes of pieces, one behind the other. */
function decodeChunks(pieces: Iterable<Uint8Array>) {
  const decoder = new ChunkedBody();
  let [body, used] = ["", 0];
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length && !decoder.isOver;) {
        const taken = decoder.take(piece.subarray(at));
        assert.ok(taken.used > 0, "it goes on");
        at += taken.used;
        used += taken.used;
        body += Buffer.from(taken.data ?? []).toString("latin1");
      }
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { body, problem: error.message, used: 0, isOver: false };
  }
  return { body, problem: undefined, used, isOver: decoder.isOver };
}
