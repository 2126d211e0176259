/** A box is killed in mid-show: its DJ comes back at another one, and the show goes on there. */
import assert from "node:assert/strict";
import { Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { sessionIds } from "../../testing/e2e/srt_senders.ts";
import { Fleet } from "../../testing/fleet/fleet.ts";
import { NameWatch } from "../../testing/fleet/name_watch.ts";
import { RovingEncoder } from "../../testing/fleet/roving_encoder.ts";
import { SrtClient } from "../../testing/fleet/srt_client.ts";
import { Audience, type Impression, printStalls } from "../../testing/players/audience.ts";
import { until } from "../../testing/until.ts";

/**
 * `deno task test:fleet` kills a box under an SRT client, too, and counts how often players stand still:
 * the gate's machine may stand still by itself.
 */
const IS_LONG = Deno.env.has("FLEET_ROUNDS");
const NAME = "demo";
const ENV = { HLS_HOLD: "60" };
/** The boxes that are left say that they do not reach the one that is gone. */
const EXPECTED = [/\bfleet\b/i];
/** A busy machine's hiccups. */
const SLACK_MS = 1000;

scenario("a box is killed, and an encoder that connects again goes on at another one", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 240 });
  await using fleet = await Fleet.start({ env: ENV, expectedErrors: EXPECTED });
  await using _dj = new RovingEncoder(clip, fleet.rtmpUrls(`live/${NAME}`));
  await survives(fleet);
});

scenario(
  "a box is killed, and a client of the control API goes on by SRT at another one",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 240 });
    await using fleet = await Fleet.start({ env: ENV, expectedErrors: EXPECTED });
    const controls = fleet.boxes.map(({ host, controlPort }) => `${host}:${controlPort}`);
    await using client = new SrtClient({ name: NAME, file: clip, controls });
    await survives(fleet).catch((error) => {
      const { told, refusals } = client;
      throw new Error(`told ${told.join(", ")}; refused:\n${refusals.join("\n")}`, {
        cause: error,
      });
    });
  },
  { ignore: !IS_LONG },
);

/** Kills the box that has the name, and judges what those hear who listen at the others. */
async function survives(fleet: Fleet): Promise<void> {
  const owner = await fleet.owner();
  const others = fleet.others(owner);
  const listened = others.at(-1) ?? "";
  const urls = new Map([...fleet.playlistUrls(NAME)].filter(([id]) => id !== owner));
  await using watch = new NameWatch(NAME, urls);
  await using low = new NameWatch(NAME, urls, "low-media.m3u8");
  await watch.goesOn(5);
  await using audience = await Audience.gather(fleet.box(listened).playlistUrl(NAME), {
    ffmpeg: false,
  });
  watch.mark();
  let awayMs = 0;
  let next = "";
  const impressions = await audience.hear(async () => {
    const goneAt = performance.now();
    await fleet.box(owner).stop("SIGKILL");
    next = await until("another box has the name", () => ownerAmong(fleet, others));
    awayMs = performance.now() - goneAt;
    await watch.goesOn(5);
  });
  await low.goesOn(2);
  printStalls(`a box that was killed, whose DJ was away for ${Math.round(awayMs)} ms`, impressions);
  for (const impression of impressions) assertPlaysOn(impression, awayMs);
  assert.ok(others.includes(next));
  assert.deepEqual([...watch.missing, ...low.missing], []);
  const ids = new Set(fleet.boxes.flatMap((box) => sessionIds(box, NAME)));
  assert.equal(ids.size, 1, `sessions ${[...ids].join(", ")}`);
}

/** The box among some that has begun or gone on with the broadcast. */
function ownerAmong(fleet: Fleet, ids: readonly string[]): string | undefined {
  return ids.find((id) => {
    return fleet.box(id).log.some((line) => new RegExp(` ${NAME}#\\d+ on air`).test(line));
  });
}

function assertPlaysOn({ listener: { kind }, heard }: Impression, awayMs: number): void {
  const { stalls, longestStallMs, errors } = heard;
  assert.deepEqual(errors, [], kind);
  if (!IS_LONG) return;
  assert.ok(stalls.length <= 1, `${kind} stood still ${stalls.length} times`);
  const most = awayMs + SLACK_MS;
  assert.ok(longestStallMs <= most, `${kind} stood still for ${longestStallMs} of ${awayMs} ms`);
}
