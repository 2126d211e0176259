/** Requests and bytes that are too large, or that no client sends. */
import { clientHello } from "../testing/rtmp/encoder_messages.ts";
import { type Attack, pause, tally } from "./attack.ts";
import { inWords } from "./target.ts";
import { Crowd, TcpClient } from "./tcp_client.ts";

const HOST = "Host: 127.0.0.1\r\n";
const GET = `GET / HTTP/1.1\r\n${HOST}`;
const POST = `POST /echo/4/publish/odd HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;

/** By what is odd of them. */
const REQUESTS: Readonly<Record<string, string>> = {
  "TRACE": `TRACE / HTTP/1.1\r\n${HOST}\r\n`,
  "CONNECT": `CONNECT 127.0.0.1:22 HTTP/1.1\r\n${HOST}\r\n`,
  "odd method": `F\u0001O / HTTP/1.1\r\n${HOST}\r\n`,
  "long path": `GET /${"a".repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`,
  "large head": `${GET}X: ${"a".repeat(1_000_000)}\r\n\r\n`,
  "many fields": `${GET}${"X: y\r\n".repeat(20_000)}\r\n`,
  "two lengths": `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
  "both framings": `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  "folded field": `${GET}X: a\r\n b\r\n\r\n`,
  "bare CR": `${GET}X: a\rY: b\r\n\r\n`,
  "space in a name": `${GET}X : a\r\n\r\n`,
  "no host": "GET / HTTP/1.1\r\n\r\n",
  "broken chunk": `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  "body cut off": `${POST}Content-Length: 10\r\n\r\n{`,
  "body of 10 MB": `${POST}Content-Length: 10000000\r\n\r\n${"x".repeat(10_000)}`,
  "out of its folder": `GET /cast/../../etc/passwd HTTP/1.1\r\n${HOST}\r\n`,
  "nul": `GET /cast/%00/playlist.m3u8 HTTP/1.1\r\n${HOST}\r\n`,
  "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
};

/** Each at each HTTP port. */
export const oddRequests: Attack = {
  name: "odd: requests",
  run: async (target) => {
    const wrong: string[] = [];
    const statuses: (number | string)[] = [];
    for (const [door, port] of Object.entries(target.webPorts)) {
      for (const [what, request] of Object.entries(REQUESTS)) {
        using client = await TcpClient.connect(port);
        if (client === undefined) {
          wrong.push(`${what} at ${door}: no connection`);
          continue;
        }
        client.send(request);
        await client.end(400);
        const status = client.status ?? (client.ended ? "closed" : "no answer");
        statuses.push(status);
        if (typeof status === "number" && status >= 500 && status !== 501 && status !== 505) {
          wrong.push(`${what} at ${door}: ${status}`);
        }
      }
    }
    const words = wrong.length === 0 ? "" : `; wrong: ${wrong.join(", ")}`;
    return { held: wrong.length === 0, counts: tally(statuses) + words };
  },
};

const C2 = new Uint8Array(1536);

const STREAMS: readonly Uint8Array[] = [
  new TextEncoder().encode(GET),
  crypto.getRandomValues(new Uint8Array(4096)),
  join(clientHello(), C2, crypto.getRandomValues(new Uint8Array(8192))),
  // A command that claims 16 MB, deep AMF0, and chunks without a size.
  join(clientHello(), C2, Uint8Array.of(3, 0, 0, 0, 0xff, 0xff, 0xff, 20, 0, 0, 0, 0), C2),
  join(
    clientHello(),
    C2,
    Uint8Array.of(3, 0, 0, 0, 0, 0, 128, 20, 0, 0, 0, 0),
    new Uint8Array(128).fill(3),
  ),
  join(clientHello(), C2, Uint8Array.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0)),
];

/** Bytes that are no RTMP, or claim too much. */
export const oddStreams: Attack = {
  name: "odd: bytes to the RTMP port",
  run: async (target) => {
    const rounds = 10;
    for (let i = 0; i < rounds; i++) {
      using crowd = await Crowd.connect(target.rtmpPort, STREAMS.length);
      for (const [index, client] of crowd.clients.entries()) {
        client.send(STREAMS[index] ?? C2);
      }
      await pause(200);
    }
    const dj = await target.newDj("after-odd");
    return { held: dj.gotIn, counts: `${rounds * STREAMS.length} connections; ${inWords(dj)}` };
  },
};

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
