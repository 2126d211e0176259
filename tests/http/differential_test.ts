/** Tests that whatever is taken for requests is the same to another parser: llhttp, by node:http. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, METHODS, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { until } from "../../testing/until.ts";
import { bytesOf, type ReadRequest, readRequests } from "../../testing/http/read_requests.ts";

/** How many connections are compared; many more in a longer run. */
const RUNS = Number(Deno.env.get("HTTP_FUZZ_RUNS") ?? 400);

/** The requests that `node:http` finds in the bytes of one connection. */
class OtherParser implements AsyncDisposable {
  readonly #server: Server;
  #requests: ReadRequest[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      const { method = "", url: target = "", rawHeaders } = request;
      const fields = Array.from({ length: rawHeaders.length / 2 }, (_, i) => {
        return [rawHeaders[2 * i] ?? "", rawHeaders[2 * i + 1] ?? ""] as const;
      });
      const found = { method, target, fields, body: "" };
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        this.#requests.push({ ...found, body: Buffer.concat(chunks).toString("latin1") });
        response.end();
      });
    });
    this.#server.keepAliveTimeout = 50;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** @param expected how many are waited for */
  async read(bytes: Uint8Array, expected: number): Promise<ReadRequest[]> {
    this.#requests = [];
    const { port } = this.#server.address() as AddressInfo;
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    let isOver = false;
    const reading = untilEnd(conn).then(() => isOver = true);
    await until("all are found", () => isOver || this.#requests.length >= expected);
    if (!isOver) conn.closeWrite().catch(() => undefined);
    await reading;
    return this.#requests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Takes what comes, until there is no more. */
async function untilEnd(conn: Deno.TcpConn): Promise<void> {
  try {
    const buffer = new Uint8Array(4096);
    while (await conn.read(buffer) !== null);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}

const HEAD_PARTS = [
  ...["GET / HTTP/1.1\r\n", "POST /a?b HTTP/1.1\r\n", "PUT http://echo/c HTTP/1.1\r\n"],
  ...["HEAD / HTTP/1.0\r\n", "OPTIONS * HTTP/1.1\r\n", "DELETE /d HTTP/1.1\r\n"],
];
const FIELDS = [
  ...["Host: echo\r\n", "Content-Length: 5\r\n", "Content-Length: 0\r\n", "content-length:5\r\n"],
  ...[
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:\tchunked \r\n",
    "Expect: 100-continue\r\n",
  ],
  ...[
    "Connection: close\r\n",
    "Connection: keep-alive, x\r\n",
    "X: \xe9 y \r\n",
    "X:\r\n",
    "X: a\r\n b\r\n",
  ],
];
const BODIES = [
  ...[
    "hello",
    "5\r\nhello\r\n0\r\n\r\n",
    "5;x=y\r\nhello\r\n0\r\n\r\n",
    "0\r\n\r\n",
    "0\r\nX: a\r\n\r\n",
  ],
];
const SCRAPS = [
  ...[
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    ";",
    ",",
    "\0",
    "\x0b",
    "\x7f",
    "\x80",
    "0",
    "5",
    "+",
    "-",
  ],
  ...[
    "chunked",
    "identity",
    "gzip, ",
    "Content-Length: 5",
    "Transfer-Encoding: ",
    "HTTP/1.1",
    "\r\n\r\n",
  ],
];

const request = fc.record({
  line: fc.constantFrom(...HEAD_PARTS),
  fields: fc.array(fc.constantFrom(...FIELDS), { maxLength: 4 }),
  body: fc.option(fc.constantFrom(...BODIES), { freq: 2 }),
}).map(({ line, fields, body }) => `${line}Host: echo\r\n${fields.join("")}\r\n${body ?? ""}`);

/** A change at a place that is told as a part of the whole. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(3),
  insert: fc.oneof(
    fc.constantFrom("", ...SCRAPS),
    fc.nat(255).map((code) => String.fromCharCode(code)),
  ),
});

/** Requests behind each other, mostly with something wrong. */
const connection = fc.tuple(
  fc.array(request, { minLength: 1, maxLength: 3 }),
  fc.array(change, { maxLength: 2 }),
).map(([requests, changes]) => {
  let text = requests.join("");
  for (const { at, remove, insert } of changes) {
    const place = Math.floor(at * text.length);
    text = text.slice(0, place) + insert + text.slice(place + remove);
  }
  return text;
});

Deno.test("whatever is taken for requests is the same to another parser", async () => {
  await using other = new OtherParser();
  await other.listen();
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(connection, async (text) => {
      const bytes = bytesOf(text);
      const { requests: all } = readRequests([bytes]);
      // The other one knows no other methods.
      const unknown = all.findIndex(({ method }) => !METHODS.includes(method));
      const requests = unknown < 0 ? all : all.slice(0, unknown);
      if (requests.length === 0) return;
      compared += requests.length;
      const found = await other.read(bytes, requests.length);
      assert.deepEqual(found.slice(0, requests.length), requests, JSON.stringify(text));
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: 600_000 },
  );
  assert.ok(compared > RUNS / 10, `only ${compared} requests were compared`);
});
