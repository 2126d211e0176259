/** Garbage, slow clients and rude ones at the RTMP and HTTP ports leave a broadcast untouched. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { until } from "../../testing/until.ts";
import { concat } from "../../testing/bytes.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

/** How many of each kind come at a time. */
const CROWD = 10;
const DRIP_MS = 50;

scenario("garbage, drips and rude clients leave a broadcast untouched", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const sent = (await media.readFrames(clip)).map(({ data }) => data.toHex());
  await using server = await EchoServer.start();
  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("it is on air", () => follower.segments.size >= 2);

  const over = new AbortController();
  const crowd = Array.from({ length: CROWD }).flatMap(() => [
    ...RUDE_RTMP.map((bytes) => keepSending(server.rtmpPort, bytes, over.signal)),
    ...RUDE_HTTP.map((text) => keepSending(server.hlsPort, ascii(text), over.signal)),
    drip(server.rtmpPort, HANDSHAKE, over.signal),
    drip(server.hlsPort, ascii("GET /cast/demo/playlist.m3u8 HTTP/1.1\r\nX: "), over.signal),
  ]);
  const heard = follower.segments.size;
  await until("it has been on air for a while", () => follower.segments.size >= heard + 10);
  over.abort();
  await Promise.all(crowd);

  const units = follower.accessUnits.map((unit) => unit.toHex());
  assert.deepEqual(units, sent.slice(0, units.length));
});

/** C0 and a C1 of zeros. */
const HANDSHAKE = Uint8Array.from({ length: 1537 }, (_, i) => i === 0 ? 3 : 0);
const C2 = new Uint8Array(1536);

const RUDE_RTMP: readonly Uint8Array[] = [
  new Uint8Array(0),
  ascii("GET / HTTP/1.1\r\nHost: echo\r\n\r\n"),
  crypto.getRandomValues(new Uint8Array(4096)),
  // Shakes hands, then sends noise, a command that claims 16 MB, and deep AMF0.
  concat([HANDSHAKE, C2, crypto.getRandomValues(new Uint8Array(8192))]),
  concat([HANDSHAKE, C2, Uint8Array.of(3, 0, 0, 0, 0xff, 0xff, 0xff, 20, 0, 0, 0, 0), C2]),
  concat([HANDSHAKE, C2, Uint8Array.of(3, 0, 0, 0, 0, 0, 128, 20, 0, 0, 0, 0), fill(128, 3)]),
  // Says that chunks have no size.
  concat([HANDSHAKE, C2, Uint8Array.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0)]),
];

const RUDE_HTTP: readonly string[] = [
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "GET /cast/../../../../etc/passwd HTTP/1.1\r\nHost: echo\r\n\r\n",
  "GET /cast/demo/%2e%2e%2f%2e%2e%2fmain.ts HTTP/1.1\r\nHost: echo\r\n\r\n",
  "GET /cast/demo/playlist.m3u8 HTTP/1.1\r\nHost: echo\r\nRange: bytes=9-1,-,x\r\n\r\n",
  `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: echo\r\n\r\n`,
  "DELETE /cast/demo/playlist.m3u8 HTTP/1.1\r\nHost: echo\r\nContent-Length: 99999\r\n\r\n",
];

/** Connects, sends `bytes`, reads a little and hangs up, over and over. */
async function keepSending(port: number, bytes: Uint8Array, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await impolitely(async () => {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await conn.write(bytes);
      await pause(DRIP_MS);
      if (Math.random() < 0.5) conn.closeWrite();
    });
    await pause(DRIP_MS);
  }
}

/** Sends `bytes` one by one, then nothing. */
async function drip(port: number, bytes: Uint8Array, over: AbortSignal): Promise<void> {
  await impolitely(async () => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    for (let at = 0; !over.aborted; at++) {
      await conn.write(bytes.subarray(at, at + 1));
      await pause(DRIP_MS);
    }
  });
}

/** The server may hang up whenever it likes. */
async function impolitely(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const { ConnectionReset, BrokenPipe, NotConnected } = Deno.errors;
    const hungUp = [ConnectionReset, BrokenPipe, NotConnected].some((kind) =>
      error instanceof kind
    );
    if (!hungUp) throw error;
  }
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function fill(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}
