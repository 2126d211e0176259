/** Tests of the HTTP ports of the whole server: slow clients, crowds, and a proxy before it. */
import assert from "node:assert/strict";
import { HttpFixture } from "../../testing/http/http_fixture.ts";
import { SMUGGLING } from "../../testing/http/smuggling.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { NginxProxy } from "../../testing/e2e/nginx_proxy.ts";
import { RawHttp } from "../../testing/web/raw_http.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { metricsOf } from "../../testing/e2e/stat_request.ts";

const LISTENERS = 1000;
const CONNECTIONS = 4000;
/** Of each kind. */
const SLOW_CLIENTS = 20;
const DRIP_MS = 500;
const POST = "POST /echo/4/publish/demo HTTP/1.1\r\nHost: echo\r\n";
/** Far longer than any deadline of a head or a reader. */
const PATIENCE_MS = 120_000;

scenario(
  "clients that are slow in every way are cut off, and a show goes on beside them",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 10, times: 18 });
    await using server = await EchoServer.start();
    // In one form only, so that it has one connection when they are counted.
    await using follower = new PlaylistFollower(server.playlistUrl("demo"));
    await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
    const segment = await until("it is on air", () => follower.playlist?.segments[1]?.uri);

    const get = `GET /cast/demo/${segment} HTTP/1.1\r\nHost: echo\r\n\r\n`;
    const kinds = [
      { begin: "", drip: "", reads: true },
      { begin: "GET /cast/demo/playlist.m3u8 HTTP/1.1\r\nX: ", drip: "x", reads: true },
      { begin: `${POST}Content-Length: 4000\r\n\r\n`, drip: "x", reads: true },
      // Enough that no buffer of the system holds the answers.
      { begin: get.repeat(4000), drip: get, reads: false },
    ];
    await together(kinds, async (kind) => {
      const port = kind.begin.startsWith("POST") ? server.controlPort : server.hlsPort;
      await together(Array.from({ length: SLOW_CLIENTS }), () => untilCutOff(port, kind));
    });
    await until("nobody is left but the listener", async () => {
      const open = /^echo_http_connections\{server="hls"\} (\d+)$/m.exec(await metricsOf(server));
      return Number(open?.[1]) <= 1;
    });
    const late = /^echo_http_refused_total\{server="hls",reason="late"\} (\d+)$/m;
    const cutOff = Number(late.exec(await metricsOf(server))?.[1]);
    // On a busy machine a connection of the listener may be idle for too long as well.
    assert.ok(cutOff >= 3 * SLOW_CLIENTS, `${cutOff} were late`);
    follower.allow("serverDown");
  },
);

// One after the other, since each opens thousands of connections.
for (const threads of ["0", "1", "2"]) {
  scenario(
    `nobody is refused because many come by one proxy or from this box (${threads} threads)`,
    async () => {
      await using media = await Media.create();
      const clip = await media.encode("clip", { seconds: 10, times: 12 });
      await using server = await EchoServer.start({ env: { HLS_WEB_THREADS: threads } });
      await using nginx = await NginxProxy.start(server.hlsPort);
      await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
      await until("it is on air", async () => {
        const { ok, body } = await fetch(server.playlistUrl("demo"));
        await body?.cancel();
        return ok;
      });
      for (
        const [port, count] of [[nginx.port, LISTENERS], [server.hlsPort, CONNECTIONS]] as const
      ) {
        using stack = new DisposableStack();
        const listeners = await together(Array.from({ length: count }), async () => {
          const listener = stack.use(await RawHttp.connect(port));
          return { listener, status: (await listener.get("/cast/demo/playlist.m3u8")).status };
        });
        assert.ok(listeners.every(({ status }) => status === 200));
        // All of them are there at once, and each is served again.
        const again = await together(listeners, async ({ listener }) => {
          return (await listener.get("/cast/demo/playlist.m3u8")).status;
        });
        assert.ok(again.every((status) => status === 200));
      }
      const refused = /^echo_http_refused_total\{server="hls",reason="(?:full|address)"\} (\d+)$/gm;
      const counts = [...(await metricsOf(server)).matchAll(refused)].map(([, count]) =>
        Number(count)
      );
      assert.deepEqual(counts, [0, 0]);
    },
  );
}

scenario("nothing is smuggled through a proxy", async () => {
  await using fixture = new HttpFixture();
  await using nginx = await NginxProxy.start(fixture.server.addr.port);
  for (const text of Object.values(SMUGGLING)) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: nginx.port });
    await conn.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    await conn.closeWrite();
    await untilEnd(conn);
  }
  // What nginx takes for a request it may pass on, but not one in another's body.
  const served = fixture.requests.map((request) => request.split(" ").slice(0, 2).join(" "));
  await until("each that was served is one that was passed on", async () => {
    const left = await nginx.requests();
    return served.every((request) => {
      const at = left.indexOf(request);
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
  });
});

interface SlowClient {
  readonly begin: string;
  /** What it sends then, again and again. */
  readonly drip: string;
  /** Whether it takes what comes. */
  readonly reads: boolean;
}

/** Sends what it is told to, a bit at a time at last, until the server ends it. */
async function untilCutOff(
  port: number,
  { begin, drip, reads }: SlowClient,
): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const send = async (text: string) => {
    const bytes = new TextEncoder().encode(text);
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
  };
  let isGone = false;
  if (reads) void untilEnd(conn).then(() => isGone = true);
  try {
    await send(begin);
    await until("it is cut off", async () => {
      await send(drip);
      await new Promise((resolve) => setTimeout(resolve, DRIP_MS));
      return isGone;
    }, PATIENCE_MS);
  } catch (error) {
    if (!isEnd(error)) throw error;
  }
}

/** Takes what comes, until there is no more. */
async function untilEnd(conn: Deno.TcpConn): Promise<void> {
  try {
    const buffer = new Uint8Array(4096);
    while (await conn.read(buffer) !== null);
  } catch (error) {
    if (!isEnd(error)) throw error;
  }
}

function isEnd(error: unknown): boolean {
  const { ConnectionReset, BrokenPipe, NotConnected, BadResource, Interrupted } = Deno.errors;
  return [ConnectionReset, BrokenPipe, NotConnected, BadResource, Interrupted].some((kind) =>
    error instanceof kind
  );
}
