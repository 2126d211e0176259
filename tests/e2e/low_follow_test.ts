/**
 * Broadcasts are followed in both forms through all that befalls them. `deno task test:low MINUTES`
 * goes on for so long; without an argument, everything happens once.
 */
import { setTimeout as pause } from "node:timers/promises";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Media, sample } from "../../testing/e2e/ffmpeg_encoder.ts";
import { FollowedShow } from "../../testing/e2e/followed_show.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { Gohlslib } from "../../testing/players/gohlslib.ts";

const MINUTES = Number(Deno.args[0] ?? 0);
/** How long a supervisor takes. */
const DOWN_MS = 1500;
/** How long an encoder takes that has lost its connection. */
const AWAY_MS = 2000;
/** What an encoder sends, in seconds: longer than any connection lasts. */
const SENT_SECONDS = MINUTES > 0 ? 180 : 72;
const SAMPLE_SECONDS = 12;

scenario(
  "both forms keep their rules through reconnects, other rates and a killed server",
  async () => {
    await using media = await Media.create();
    const files = await filesIn(media);
    // It is no part of the tests' set-up: who asks for a longer time has Go.
    await using gohlslib = MINUTES > 0 ? await Gohlslib.build() : undefined;
    const env = { HLS_PREROLE_DIR: await media.preroll(5) };
    await using server = await EchoServer.start({ env });
    await using stack = new AsyncDisposableStack();
    const shows = Object.entries(files).map(([name, sent]) => {
      return stack.use(new FollowedShow(name, sent, server));
    });
    for (const show of shows) show.connect();
    const play = async (show: FollowedShow) => {
      await show.calm();
      await show.playByFfmpeg();
    };
    await together(shows, play);

    const endAt = performance.now() + MINUTES * 60_000;
    do {
      await together(shows, (show) => show.lose());
      await pause(AWAY_MS);
      for (const show of shows) show.connect();
      await together(shows, play);

      for (const show of shows) show.serverIsDown();
      await server.stop("SIGKILL");
      await together(shows, (show) => show.lose());
      await together(shows, (show) => show.serverIsDead());
      await pause(DOWN_MS);
      await server.startAgain();
      for (const show of shows) show.serverIsBack();
      for (const show of shows) show.connect();
      await together(shows, play);
    } while (performance.now() < endAt);

    if (gohlslib !== undefined) await together(shows, ({ url }) => gohlslib.read(url));
    await together(shows, (show) => show.end());
    await together(shows, async (show) => console.log(await show.check(media)));
  },
);

/** What is sent to each broadcast, in turn. */
async function filesIn(media: Media): Promise<Record<string, string[]>> {
  const seconds = SENT_SECONDS;
  const repeated = (name: string) => media.repeat(sample(name), SENT_SECONDS / SAMPLE_SECONDS);
  return {
    "lc": [
      await media.encode("lc-44100", { seconds }),
      await media.encode("lc-48000", { sampleRate: 48_000, seconds }),
      await media.encode("lc-48000-mono", { sampleRate: 48_000, layout: "mono", seconds }),
    ],
    "he-v1": [await repeated("he-aac-v1_explicit-signalling.m4a")],
    "he-v2": [await repeated("he-aac-v2_44100_stereo_32k.aac")],
    "surround": [
      await media.encode("5.1", { layout: "5.1", sampleRate: 48_000, bitrate: "256k", seconds }),
    ],
  };
}
