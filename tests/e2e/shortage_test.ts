/**
 * A server without free file descriptors: on air all the while, and as before when there are some.
 */
import assert from "node:assert/strict";
import bcrypt from "bcryptjs";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { Flood, serves, SrtFlood } from "../../testing/e2e/flood.ts";
import { KeptListener } from "../../testing/players/kept_listener.ts";
import { RawHttp } from "../../testing/web/raw_http.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { sharedPort, sharedUrl } from "../../testing/e2e/srt_senders.ts";

/** What the server may have open at a time. */
const DESCRIPTORS = 256;
/** Connections to each port at a time; the task `storm` has more, for longer. */
const CONNECTIONS = Number(Deno.env.get("STORM_CONNECTIONS") ?? 120);
/** How much is heard meanwhile. */
const SECONDS = Number(Deno.env.get("STORM_SECONDS") ?? 6);
const TARGET_SECONDS = 2;
/** Each is one of many attempts. */
const SRT_CALLERS = 10;

scenario(
  "a flood that takes all descriptors is not heard on air, and ports come back",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: SECONDS + 180 });
    const sent = (await media.readFrames(clip)).map(({ data }) => data.toHex());
    await using server = await EchoServer.start({
      descriptors: DESCRIPTORS,
      env: { HLS_TARGET_DURATION: String(TARGET_SECONDS) },
      expectedErrors: [/Too many open files/],
    });
    const { hlsPort, statPort, controlPort, rtmpPort } = server;
    const web = [hlsPort, statPort, controlPort];
    await using listener = await KeptListener.start(hlsPort, "demo");
    await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
    await until("it is on air", () => listener.segments >= 2);

    {
      await using _flood = new Flood([...web, rtmpPort], CONNECTIONS);
      await using _srtFlood = new SrtFlood(sharedPort(server), SRT_CALLERS);
      for (const port of web) await until("HTTP refuses", async () => !await serves(port));
      const heard = listener.segments;
      await until(
        "it has been on air for a while",
        () => listener.segments >= heard + SECONDS / TARGET_SECONDS,
        (SECONDS + 60) * 1000,
      );
    }
    for (const port of web) await until(`port ${port} serves`, () => serves(port));
    for (
      const [name, url] of [["second", server.rtmpUrl("live/second")], [
        "third",
        sharedUrl(server, "third"),
      ]] as const
    ) {
      await using _other = new Encoder(clip, url);
      await until(`${name} is on air`, async () => {
        const answer = await fetch(server.playlistUrl(name));
        await answer.body?.cancel();
        return answer.ok;
      });
    }
    await until("all is well", async () => {
      const answer = await health(statPort);
      return answer?.status === "ok" && answer.problems.length === 0;
    });

    await encoder.stop("SIGINT");
    await server.line(/ demo#\d+ recorded to /);
    const recorded = await media.readFrames(`${server.folder}/output/record/demo.mp4`);
    assertWhole(recorded.map(({ data }) => data), sent);
    assertWhole(listener.units, sent);
  },
);

scenario("the server outlives what is asked for while all descriptors are taken", async () => {
  await using media = await Media.create();
  const ECHO_HTPASSWD_FILE = await media.write("users", `dj:${bcrypt.hashSync("sesame", 4)}\n`);
  await using server = await EchoServer.start({
    descriptors: DESCRIPTORS,
    env: { ECHO_AUTH: "key", ECHO_HTPASSWD_FILE },
    expectedErrors: [/Too many open files/],
  });
  await server.line(/ statistics listens on /);
  using control = await RawHttp.connect(server.controlPort);
  using stat = await RawHttp.connect(server.statPort);
  assert.equal((await control.get("/echo/option")).status, 200);
  assert.equal((await stat.get("/health")).status, 200);
  {
    await using _flood = new Flood([server.hlsPort, server.rtmpPort], 2 * CONNECTIONS);
    await until("HTTP refuses", async () => !await serves(server.hlsPort));
    // Starts a worker, where there is none.
    const body = JSON.stringify({ media: { type: "audio", protocol: "rtmp", format: "flv" } });
    const authorization = `Authorization: Basic ${btoa("dj:sesame")}`;
    const publish = await control.send("POST", "/echo/3/publish/demo", body, authorization);
    assert.equal(publish.status, 200);
    // Logs an error with its stack.
    assert.ok([200, 500].includes((await stat.get("/stat/1/recordings")).status));
    assert.equal((await stat.get("/health")).status, 200);
  }
  await until("it serves again", () => serves(server.hlsPort));
});

/** Asserts that nothing of what was sent is missing between the first and the last of `units`. */
function assertWhole(units: readonly Uint8Array[], sent: readonly string[]): void {
  const known = new Set(sent);
  // A machine that is busy may need silence put in, which is not what was sent.
  const heard = units.map((unit) => unit.toHex()).filter((unit) => known.has(unit));
  const first = sent.indexOf(heard[0] ?? "");
  assert.ok(heard.length > 4 * 43);
  assert.deepEqual(heard, sent.slice(first, first + heard.length));
}

/** What the server says of itself; `undefined` where it does not answer. */
async function health(
  port: number,
): Promise<{ status: string; problems: readonly string[] } | undefined> {
  try {
    const url = `http://127.0.0.1:${port}/health`;
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    return await answer.json();
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
