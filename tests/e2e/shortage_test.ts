import assert from "node:assert/strict";
import { PlaylistFollower } from "../hls_validator/follower.ts";
import { until } from "./condition.ts";
import { EchoServer } from "./echo_server.ts";
import { Encoder, Media } from "./ffmpeg.ts";
import { Flood, isOpen } from "./flood.ts";
import { scenario } from "./scenario.ts";

/** What the server may have open at a time. */
const DESCRIPTORS = 256;
/** Connections to each port. A storm of a task of its own has more, for longer. */
const CONNECTIONS = Number(Deno.env.get("STORM_CONNECTIONS") ?? 120);
/** Segments of a second that are heard meanwhile. */
const SEGMENTS = Number(Deno.env.get("STORM_SEGMENTS") ?? 6);

scenario(
  "a flood that takes all descriptors is not heard on air, and ports come back",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: SEGMENTS + 180 });
    const sent = (await media.readFrames(clip)).map(({ data }) => data.toHex());
    await using server = await EchoServer.start({
      descriptors: DESCRIPTORS,
      expectedErrors: [/Too many open files/],
    });
    const { hlsPort, statPort, controlPort, rtmpPort } = server;
    const web = [hlsPort, statPort, controlPort];
    await using follower = new PlaylistFollower(server.playlistUrl("demo"));
    await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
    await until("it is on air", () => follower.segments.size >= 4);

    {
      await using _flood = new Flood([...web, rtmpPort], CONNECTIONS);
      for (const port of web) await until("HTTP refuses", async () => !await isOpen(port));
      const heard = follower.segments.size;
      await until(
        "it has been on air for a while",
        () => follower.segments.size >= heard + SEGMENTS,
        (SEGMENTS + 60) * 1000,
      );
    }
    for (const port of [...web, rtmpPort]) {
      await until(`port ${port} is open`, () => isOpen(port));
    }
    await until("all is well", async () => {
      const answer = await health(statPort);
      return answer?.status === "ok" && answer.problems.length === 0;
    });

    await encoder.stop("SIGINT");
    const recording = `${server.folder}/output/record/demo.mp4`;
    await until("it is recorded", () => server.log.some((line) => line.includes("recorded to")));
    const recorded = (await media.readFrames(recording)).map(({ data }) => data.toHex());
    assert.deepEqual(recorded, sent.slice(0, recorded.length));
    const heard = follower.accessUnits.map((unit) => unit.toHex());
    const first = sent.indexOf(heard[0] ?? "");
    assert.deepEqual(heard, sent.slice(first, first + heard.length));
    assert.ok(recorded.length >= heard.length);
  },
);

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
