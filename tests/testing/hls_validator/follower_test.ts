/** The follower of playlists catches what a server does wrong, and nothing else. */
import assert from "node:assert/strict";
import { parseAudioSpecificConfig } from "../../../src/audio/aac/audio_specific_config.ts";
import { ByteBuffer } from "../../../src/mpegts/byte_buffer.ts";
import { AudioMuxer } from "../../../src/mpegts/muxer.ts";
import { PlaylistFollower } from "../../../testing/hls_validator/follower.ts";
import { until } from "../../../testing/until.ts";

const FRAMES = 45;
const DURATION = 0.96;
const SEGMENTS = 40;

/** A server whose playlist goes on each time it is told to, and whose answers can be spoilt. */
class FakeServer implements AsyncDisposable {
  readonly #segments = writeSegments();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#answer(new URL(request.url).pathname.slice(1)),
  );
  /** The window. */
  first = 1;
  last = 1;
  /** Files that are answered so instead. */
  readonly spoilt = new Map<string, Response>();

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/playlist.m3u8`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #answer(file: string): Response {
    const spoilt = this.spoilt.get(file);
    if (spoilt !== undefined) return spoilt.clone();
    if (file === "playlist.m3u8") {
      return respond(this.#playlist(), "application/vnd.apple.mpegurl", "max-age=1");
    }
    const bytes = this.#segments[parseInt(file)];
    if (bytes === undefined) return new Response("none", { status: 404 });
    return respond(bytes, "video/mp2t", "max-age=600");
  }

  #playlist(): string {
    const lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1"];
    lines.push(`#EXT-X-MEDIA-SEQUENCE:${this.first}`, "#EXT-X-DISCONTINUITY-SEQUENCE:0");
    for (let n = this.first; n <= this.last; n++) {
      const time = new Date(Date.UTC(2026, 0, 1) + n * DURATION * 1000).toISOString();
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${time}`, `#EXTINF:${DURATION.toFixed(6)},`);
      lines.push(`${n}-17.ts`);
    }
    return lines.join("\n") + "\n";
  }
}

function respond(body: string | Uint8Array<ArrayBuffer>, type: string, cache: string): Response {
  return new Response(body, {
    headers: {
      "Content-Type": type,
      "Cache-Control": cache,
      "Access-Control-Allow-Origin": "*",
    },
  });
}

function writeSegments(): Uint8Array<ArrayBuffer>[] {
  const muxer = new AudioMuxer(parseAudioSpecificConfig(Uint8Array.of(0x11, 0x90)));
  return Array.from({ length: SEGMENTS }, (_, n) => {
    const out = new ByteBuffer();
    muxer.begin(out);
    for (let i = 0; i < FRAMES; i++) {
      muxer.write(new Uint8Array(50).fill(n), 900_000 + (n * FRAMES + i) * 1920);
    }
    muxer.end();
    return Uint8Array.from(out.bytes.subarray(0, out.length));
  });
}

/** What is wrong once a window of 14 segments has slid by one. */
async function breachesOf(spoil: (server: FakeServer) => void): Promise<string[]> {
  await using server = new FakeServer();
  server.last = 14;
  // Cadence is for the rules' own tests.
  const follower = new PlaylistFollower(server.url, { slackMs: Infinity });
  try {
    await until("14 segments are seen", () => follower.segments.size === 14);
    spoil(server);
    server.first = 2;
    server.last = 15;
    await until(
      "the window moves",
      () => follower.playlist?.mediaSequence === 2 || follower.breaches.length > 0,
    );
  } finally {
    await follower[Symbol.asyncDispose]().catch(() => {});
  }
  return [...new Set(follower.breaches)];
}

Deno.test("a good server breaks no rule, and all its audio is seen", async () => {
  assert.deepEqual(await breachesOf(() => {}), []);
});

Deno.test("a segment that changes or is gone once it has left is caught", async () => {
  const other = writeSegments()[5] ?? new Uint8Array();
  const changed = await breachesOf(({ spoilt }) => {
    spoilt.set("1-17.ts", respond(other, "video/mp2t", "max-age=600"));
  });
  assert.deepEqual(changed, ["1-17.ts has other bytes than before"]);
  const gone = await breachesOf(({ spoilt }) => {
    spoilt.set("1-17.ts", new Response("gone", { status: 404 }));
  });
  assert.deepEqual(gone, ["status 404 for 1-17.ts"]);
});

Deno.test("a segment that is listed but not to be had is caught", async () => {
  const breaches = await breachesOf(({ spoilt }) => {
    spoilt.set("15-17.ts", new Response("later", { status: 404 }));
  });
  assert.deepEqual(breaches, ["status 404 for 15-17.ts"]);
});

Deno.test("a playlist that fails, is garbled or wrongly labelled is caught", async () => {
  const failing = await breachesOf(({ spoilt }) => {
    spoilt.set("playlist.m3u8", new Response("sorry", { status: 500 }));
  });
  assert.deepEqual(failing, ["status 500: sorry"]);
  const garbled = await breachesOf(({ spoilt }) => {
    spoilt.set("playlist.m3u8", respond("#EXTM3U\n", "application/vnd.apple.mpegurl", "max-age=1"));
  });
  assert.match(garbled[0] ?? "", /Cannot parse the playlist/);
  const labelled = await breachesOf(({ spoilt }) => {
    spoilt.set("playlist.m3u8", respond("#EXTM3U\n", "text/plain", "max-age=1"));
  });
  assert.match(labelled[0] ?? "", /has content-type text\/plain/);
});

Deno.test("a server that is gone is caught, unless it is known to be down", async () => {
  for (const known of [false, true]) {
    let server: FakeServer | undefined = new FakeServer();
    await using follower = new PlaylistFollower(server.url);
    await until("a segment is seen", () => follower.segments.size === 1);
    if (known) follower.allow("serverDown");
    await server[Symbol.asyncDispose]();
    server = undefined;
    if (!known) {
      await until("a rule is broken", () => follower.breaches.length > 0);
      assert.match(follower.breaches[0] ?? "", /no answer/);
      follower.allow("serverDown");
      follower.breaches.length = 0;
    }
  }
});
