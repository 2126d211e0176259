/** Players hear shows from their start while they are on air. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { RewoundShow } from "../../testing/e2e/rewound_show.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { accessUnits } from "../../testing/hls_validator/adts.ts";
import { Browser, PLAYER_KINDS, type PlayerKind } from "../../testing/players/browser.ts";
import { until } from "../../testing/until.ts";

/** So many that who begins three target durations before what is live, as players do, skips some. */
const LISTED = 4;
/** Some segments. */
const SECONDS = 13;
/** Puts no silence in where this machine is busy. */
const PATIENT = { HLS_TARGET_DURATION: "8" };

scenario(
  "players hear a show from its start while it is on air, with 1 and 0 threads",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 46, sampleRate: 48_000 });
    const sent = accessUnits(await media.readFrames(clip));
    await using browser = await Browser.start();
    await together(["1", "0"], async (threads) => {
      await using server = await EchoServer.start({
        env: { ...PATIENT, HLS_REWIND: "all", HLS_WEB_THREADS: threads },
      });
      await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
      const show = new RewoundShow(server);
      await show.listing(LISTED);
      const hear = async (kind: PlayerKind): Promise<void> => {
        const who = `${kind}, ${threads} threads`;
        // Under one name a browser would fetch each segment once for both players.
        const host = kind === "native" ? "localhost" : "127.0.0.1";
        const player = await browser.play(show.url.replace("127.0.0.1", host), kind);
        const begun = await player.played(1);
        assert.ok(begun.position < 3, `${who} began at ${begun.position} s`);
        await player.mark();
        const { longestStallMs, skipped, warnings } = await player.played(SECONDS);
        assert.ok(longestStallMs < 500 && skipped < 0.5, `${who}: ${longestStallMs}, ${skipped}`);
        assert.deepEqual(warnings, [], who);
      };
      const count = async (): Promise<void> => {
        await until(`each of them is a listener, ${threads} threads`, async () => {
          const status = await fetch(new URL("status.json", show.url));
          // A player that asks again for what it could not keep may count twice for a while.
          return (await status.json()).listeners >= PLAYER_KINDS.length;
        });
      };
      const all = [...PLAYER_KINDS.map((kind) => () => hear(kind)), count];
      await together(all, (begin) => begin());
      assert.ok(encoder.running, "the show is still on air");
      const reading = show.read();
      await encoder.end();
      const { frames, warnings } = await reading;
      assert.deepEqual(warnings, []);
      assert.deepEqual(accessUnits(frames), sent);
    });
  },
);
