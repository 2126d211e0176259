/** Tests of what is taken for a request and what is not, wherever TCP cuts it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { bytesOf, readRequests, splits } from "../../testing/http/read_requests.ts";

const HOST = "Host: echo\r\n";

/** Whole connections that are taken, with the bodies of their requests. */
const TAKEN: Readonly<Record<string, readonly [text: string, ...bodies: string[]]>> = {
  "a GET": [`GET / HTTP/1.1\r\n${HOST}\r\n`, ""],
  "a GET of HTTP/1.0 without a host": ["GET /a HTTP/1.0\r\n\r\n", ""],
  "an empty line before it": [`\r\nGET / HTTP/1.1\r\n${HOST}\r\n`, ""],
  "a body": [`POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`, "hello"],
  "chunks": [
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n` +
    '5\r\nhello\r\n0A;x="y"\r\n, world...\r\n0\r\n\r\n',
    "hello, world...",
  ],
  "several, one behind the other": [
    `GET /1 HTTP/1.1\r\n${HOST}\r\n` +
    `PUT /2 HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc` +
    `PUT /3 HTTP/1.1\r\n${HOST}Transfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n` +
    `\r\nGET /4 HTTP/1.1\r\n${HOST}\r\n`,
    ...["", "abc", "x", ""],
  ],
  "no white space, or much, around a value": [
    `GET / HTTP/1.1\r\nHost:echo\r\nX: \t a \t\r\nY:\r\n\r\n`,
    "",
  ],
  "what is not ASCII in a value": [`GET / HTTP/1.1\r\n${HOST}X: \xc3\xa9\x80\r\n\r\n`, ""],
  "a length with zeros in front": [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 0003\r\n\r\nabc`,
    "abc",
  ],
};

for (const [what, [text, ...bodies]] of Object.entries(TAKEN)) {
  Deno.test(`wherever TCP cuts it, ${what} comes out the same`, () => {
    const bytes = bytesOf(text);
    const whole = readRequests([bytes]);
    assert.deepEqual(whole.requests.map(({ body }) => body), bodies);
    assert.equal(whole.refused, undefined);
    for (const pieces of splits(bytes)) assert.deepEqual(readRequests(pieces), whole);
  });
}

Deno.test("fields keep their order, case and repetitions", () => {
  const text = `GET /a?b HTTP/1.1\r\nHOST: echo\r\nX-A: 1\r\nx-a:  2 3 \r\n\r\n`;
  assert.deepEqual(readRequests([bytesOf(text)]).requests, [{
    method: "GET",
    target: "/a?b",
    fields: [["HOST", "echo"], ["X-A", "1"], ["x-a", "2 3"]],
    body: "",
  }]);
});

/** What is refused, by the status that says so. */
const REFUSED: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  400: {
    "two lengths": `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    "the same length twice":
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    "a list of lengths": `POST / HTTP/1.1\r\n${HOST}Content-Length: 3, 3\r\n\r\nabc`,
    "a length with a sign": `POST / HTTP/1.1\r\n${HOST}Content-Length: +3\r\n\r\nabc`,
    "a negative length": `POST / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`,
    "a length in hexadecimal": `POST / HTTP/1.1\r\n${HOST}Content-Length: 0x3\r\n\r\nabc`,
    "an empty length": `POST / HTTP/1.1\r\n${HOST}Content-Length:\r\n\r\n`,
    "a length beyond all bounds": `POST / HTTP/1.1\r\n${HOST}Content-Length: ${
      "9".repeat(20)
    }\r\n\r\n`,
    "length and chunks":
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    "chunks and length":
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    "chunks in HTTP/1.0": `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    "chunked twice":
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    "another coding": `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\n\r\n`,
    "another coding besides": `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    "identity": `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`,
    "a coding in quotes": `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: "chunked"\r\n\r\n`,
    "a coding that looks like chunked":
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n`,
    "a coding with a vertical tab":
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: \x0bchunked\r\n\r\n`,
    "a line that goes on": `GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`,
    "a coding on a line that goes on":
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
    "a first field that begins with a space": `GET / HTTP/1.1\r\n X: a\r\n${HOST}\r\n`,
    "a space behind a name": `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n`,
    "a space in a name": `GET / HTTP/1.1\r\n${HOST}X Y: a\r\n\r\n`,
    "no name": `GET / HTTP/1.1\r\n${HOST}: a\r\n\r\n`,
    "no colon": `GET / HTTP/1.1\r\n${HOST}X\r\n\r\n`,
    "a NUL in a name": `GET / HTTP/1.1\r\n${HOST}X\0: a\r\n\r\n`,
    "a NUL in a value": `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`,
    "a CR in a value": `GET / HTTP/1.1\r\n${HOST}X: a\rb\r\n\r\n`,
    "an LF alone": `GET / HTTP/1.1\r\n${HOST}X: a\nY: b\r\n\r\n`,
    "LF for every CRLF": "GET / HTTP/1.1\nHost: echo\n\n",
    "an LF first": `\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    "a CR first": `\rGET / HTTP/1.1\r\n${HOST}\r\n`,
    "two empty lines before it": `\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    "no host": "GET / HTTP/1.1\r\nX: a\r\n\r\n",
    "two hosts": `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
    "two spaces before the target": `GET  / HTTP/1.1\r\n${HOST}\r\n`,
    "two spaces behind the target": `GET /  HTTP/1.1\r\n${HOST}\r\n`,
    "a space in the target": `GET /a b HTTP/1.1\r\n${HOST}\r\n`,
    "a tab for a space": `GET\t/ HTTP/1.1\r\n${HOST}\r\n`,
    "a space at the end of the line": `GET / HTTP/1.1 \r\n${HOST}\r\n`,
    "no version": `GET /\r\n${HOST}\r\n`,
    "a version in small letters": `GET / http/1.1\r\n${HOST}\r\n`,
    "a version with more digits": `GET / HTTP/1.10\r\n${HOST}\r\n`,
    "a method in small letters": `get / HTTP/1.1\r\n${HOST}\r\n`,
    "a method with a colon": `G:T / HTTP/1.1\r\n${HOST}\r\n`,
    "a long method": `${"A".repeat(33)} / HTTP/1.1\r\n${HOST}\r\n`,
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a fragment": `GET /a#b HTTP/1.1\r\n${HOST}\r\n`,
    "a control character in the target": `GET /\x7f HTTP/1.1\r\n${HOST}\r\n`,
    "what is not ASCII in the target": `GET /\xe9 HTTP/1.1\r\n${HOST}\r\n`,
    ...chunked({
      "a chunk without a size": "\r\n",
      "a size with a sign": "+5\r\nhello\r\n0\r\n\r\n",
      "a size with 0x": "0x5\r\nhello\r\n0\r\n\r\n",
      "a size with a space in front": " 5\r\nhello\r\n0\r\n\r\n",
      "a size with a space behind": "5 \r\nhello\r\n0\r\n\r\n",
      "a size beyond 32 bits": "100000005\r\nhello\r\n0\r\n\r\n",
      "a size that ends with LF": "5\nhello\r\n0\r\n\r\n",
      "a chunk that ends with LF": "5\r\nhello\n0\r\n\r\n",
      "a chunk that is longer than its size": "4\r\nhello\r\n0\r\n\r\n",
      "a chunk that is shorter than its size": "6\r\nhello\r\n0\r\n\r\n",
      "an extension that ends with LF": "5;x\nhello\r\n0\r\n\r\n",
      "an extension with a NUL": "5;\0\r\nhello\r\n0\r\n\r\n",
      "an extension with a CR": "5;a\rb\r\nhello\r\n0\r\n\r\n",
      "a long extension": `5;${"x".repeat(1024)}\r\nhello\r\n0\r\n\r\n`,
      "long extensions in all": `1;${"x".repeat(200)}\r\na\r\n`.repeat(6),
      "a last chunk that ends with LF": "0\n\r\n",
      "a trailer": "0\r\nX: a\r\n\r\n",
    }),
  },
  417: { "an expectation of another kind": `GET / HTTP/1.1\r\n${HOST}Expect: 200-ok\r\n\r\n` },
  431: {
    "a long target": `GET /${"a".repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`,
    "a long field": `GET / HTTP/1.1\r\n${HOST}X: ${"a".repeat(16_384)}\r\n\r\n`,
    "many fields": `GET / HTTP/1.1\r\n${HOST}${"X: a\r\n".repeat(100)}\r\n`,
  },
  505: {
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.2": `GET / HTTP/1.2\r\n${HOST}\r\n`,
  },
};

for (const [status, texts] of Object.entries(REFUSED)) {
  for (const [what, text] of Object.entries(texts)) {
    Deno.test(`wherever TCP cuts it, ${what} is refused with ${status}`, () => {
      const bytes = bytesOf(text);
      // Each place of a long one would take a while.
      const ways = bytes.length > 2000 ? [[bytes]] : splits(bytes);
      for (const pieces of ways) {
        assert.deepEqual(readRequests(pieces), { requests: [], refused: Number(status) });
      }
    });
  }
}

Deno.test("a head of 16 kB is taken, one byte more is not", () => {
  const start = `GET / HTTP/1.1\r\n${HOST}X: `;
  const headOf = (length: number) => `${start}${"a".repeat(length - start.length - 4)}\r\n\r\n`;
  assert.equal(readRequests([bytesOf(headOf(16_384))]).requests.length, 1);
  assert.equal(readRequests([bytesOf(headOf(16_385))]).refused, 431);
  const two = bytesOf(headOf(16_384) + headOf(16_384));
  assert.equal(readRequests([two]).requests.length, 2);
  assert.equal(readRequests(Array.from(two, (byte) => Uint8Array.of(byte))).requests.length, 2);
});

Deno.test("what is refused ends everything, also what came with it", () => {
  const text =
    `GET /1 HTTP/1.1\r\n${HOST}\r\nGET  /2 HTTP/1.1\r\n${HOST}\r\nGET /3 HTTP/1.1\r\n\r\n`;
  const { requests, refused } = readRequests([bytesOf(text)]);
  assert.deepEqual(requests.map(({ target }) => target), ["/1"]);
  assert.equal(refused, 400);
});

Deno.test("requests of any kind come out as they went in, however they are cut", () => {
  const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/)
    .filter((name) => !/^(?:host|expect|connection|content-length|transfer-encoding)$/i.test(name));
  const value = fc.stringMatching(
    /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]{0,30}[\x21-\x7e\x80-\xff])?)?$/,
  );
  const request = fc.record({
    method: fc.stringMatching(/^[A-Z][A-Z0-9-]{0,10}$/),
    target: fc.stringMatching(/^\/[\x21\x22\x24-\x7e]{0,40}$/),
    fields: fc.array(fc.tuple(token, value), { maxLength: 8 }),
    chunks: fc.option(fc.array(bytesAsText({ minLength: 1, maxLength: 40 }), { maxLength: 5 })),
    body: bytesAsText({ maxLength: 60 }),
  });
  fc.assert(
    fc.property(
      fc.array(request, { maxLength: 4 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      (requests, sizes) => {
        const text = requests.map(({ method, target, fields, chunks, body }) => {
          const framing = chunks === null
            ? `Content-Length: ${body.length}\r\n`
            : "Transfer-Encoding: chunked\r\n";
          const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
          const sent = chunks === null
            ? body
            : [...chunks, ""].map((data) => `${data.length.toString(16)}\r\n${data}\r\n`).join("");
          return `${method} ${target} HTTP/1.1\r\n${HOST}${framing}${lines}\r\n${sent}`;
        }).join("");
        const bytes = bytesOf(text);
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 0) {
          pieces.push(bytes.subarray(at, at + (sizes.next().value ?? 1)));
        }
        const read = readRequests(pieces);
        assert.equal(read.refused, undefined);
        assert.deepEqual(
          read.requests.map(({ fields, ...rest }) => ({ ...rest, fields: fields.slice(2) })),
          requests.map(({ method, target, fields, chunks, body }) => {
            return { method, target, body: chunks?.join("") ?? body, fields };
          }),
        );
      },
    ),
    { numRuns: 300 },
  );
});

/** Any bytes, a character each. */
function bytesAsText(limits: fc.ArrayConstraints): fc.Arbitrary<string> {
  return fc.array(fc.nat(255), limits).map((codes) => String.fromCharCode(...codes));
}

/** A request with such chunks each. */
function chunked(bodies: Readonly<Record<string, string>>): Record<string, string> {
  const head = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
  return Object.fromEntries(Object.entries(bodies).map(([what, body]) => [what, head + body]));
}
