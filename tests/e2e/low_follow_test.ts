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
/** As sampling_frequency_index. */
const SAMPLING_24_KHZ = 6;
/** More than a reconnect takes. */
const SECONDS_THROUGH = 20;

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
    const reconnect = async () => {
      await together(shows, (show) => show.lose());
      await pause(AWAY_MS);
      for (const show of shows) show.connect();
      await together(shows, (show) => show.calm());
    };
    if (gohlslib !== undefined) {
      // Readers go on from one rate to the other; where there is no server for a while, they end.
      const readThrough = async (show: FollowedShow) => {
        await Promise.all([show.playByFfmpeg(SECONDS_THROUGH), gohlslib.read(show.url)]);
      };
      await Promise.all([together(shows, readThrough), reconnect()]);
    }
    do {
      await reconnect();
      await together(shows, (show) => show.playByFfmpeg());

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
  const repeated = (file: string) => media.repeat(file, SENT_SECONDS / SAMPLE_SECONDS);
  const heV2 = sample("he-aac-v2_44100_stereo_32k.aac");
  const surround = { layout: "5.1", bitrate: "256k", seconds } as const;
  return {
    "lc": [
      await media.encode("lc-44100", { seconds }),
      await media.encode("lc-48000", { sampleRate: 48_000, seconds }),
      await media.encode("lc-48000-mono", { sampleRate: 48_000, layout: "mono", seconds }),
    ],
    "he-v1": [
      await repeated(sample("he-aac-v1_explicit-signalling.m4a")),
      await repeated(sample("he-aac-v1_48000_mono_32k.aac")),
    ],
    // There is no encoder for another rate: the same access units, said to be of a core of 24 kHz.
    "he-v2": [
      await repeated(heV2),
      await repeated(await media.relabel(heV2, SAMPLING_24_KHZ)),
    ],
    "surround": [
      await media.encode("5.1-48000", { ...surround, sampleRate: 48_000 }),
      await media.encode("5.1-44100", { ...surround, sampleRate: 44_100 }),
    ],
  };
}
