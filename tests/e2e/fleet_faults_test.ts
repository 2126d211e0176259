/**
 * A broadcast of three boxes stands whatever befalls boxes, the network between them, and Redis. With
 * `FLEET_ROUNDS` so many random sequences of faults are run, a minute each, after a seed each; with
 * `FLEET_FAULT` the one of this name alone.
 */
import assert from "node:assert/strict";
import { Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { sessionIds } from "../../testing/e2e/srt_senders.ts";
import { type Fault, FAULTS, withoutRedis } from "../../testing/fleet/faults.ts";
import { Fleet } from "../../testing/fleet/fleet.ts";
import { NameWatch } from "../../testing/fleet/name_watch.ts";
import { RovingEncoder } from "../../testing/fleet/roving_encoder.ts";
import { Random } from "../../testing/fuzz/random.ts";

const ROUNDS = Number(Deno.env.get("FLEET_ROUNDS") ?? 0);
const FIRST_SEED = Number(Deno.env.get("FLEET_SEED") ?? 1);
const ROUND_MS = 60_000;
/** One of so many rounds has Sentinels. */
const SENTINELS_EVERY = 4;
/** After a fault no name has two owners for longer than this. */
const ONE_OWNER_MS = 10_000;
const REDIS_LONG_GONE_MS = 300_000;
/** A version is due 1.4 target durations after the one before; the rest is for a busy machine. */
const MAX_STILL_MS = 4000;
/** Longer than whatever a fault takes. */
const ENV = { HLS_HOLD: "60", RECORD_ENABLED: "0" };
/** Boxes that cannot reach Redis or each other may say so. */
const EXPECTED = [/\bfleet\b/i, /redis/i];
const CLIP_SECONDS = 400;
/** More than what was made but not listed yet. */
const NEW_SEGMENTS = 4;

scenario("a broadcast goes on while Redis is paused and emptied, and keeps its owner", async () => {
  await using fleet = await Fleet.start({ env: ENV, expectedErrors: EXPECTED });
  const names = ["Redis does not answer for a while", "Redis is emptied"];
  await endure(fleet, FAULTS.filter(({ what }) => names.includes(what)), "same owner");
}, { ignore: ROUNDS === 0 });

for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
  scenario(`a broadcast stands random faults, seed ${seed}`, async () => {
    const options = { env: ENV, expectedErrors: EXPECTED };
    await using fleet = seed % SENTINELS_EVERY === 0
      ? await Fleet.startWithSentinels(options)
      : await Fleet.start(options);
    await endure(fleet, randomFaults(fleet, new Random(seed)), "any owner");
  });
}

if (ROUNDS > 0) {
  scenario("a broadcast goes on while Redis is gone for five minutes", async () => {
    await using fleet = await Fleet.start({ env: ENV, expectedErrors: EXPECTED });
    const what = "Redis is gone for five minutes";
    const run = () => withoutRedis(fleet, REDIS_LONG_GONE_MS);
    await endure(fleet, [{ what, noticed: false, fits: () => true, run }], "same owner");
  });
}

/** Faults one after the other, for as long as a round lasts. */
function* randomFaults(fleet: Fleet, random: Random): Generator<Fault> {
  const only = Deno.env.get("FLEET_FAULT");
  const faults = FAULTS.filter(({ what, fits }) => fits(fleet) && what === (only ?? what));
  const end = performance.now() + ROUND_MS;
  while (performance.now() < end) yield random.pick(faults);
}

/** Has a broadcast go through faults. Each is over before the next begins. */
async function endure(
  fleet: Fleet,
  faults: Iterable<Fault>,
  ownership: "same owner" | "any owner",
): Promise<void> {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: CLIP_SECONDS });
  const name = "demo";
  await using dj = new RovingEncoder(clip, fleet.rtmpUrls(`live/${name}`));
  await using watch = new NameWatch(name, fleet.playlistUrls(name));
  await watch.goesOn(4);
  for (const { what, noticed, run } of faults) {
    const owner = await fleet.owner();
    watch.mark();
    const goesOn = () => watch.goesOn(NEW_SEGMENTS);
    await run({ fleet, name, owner, clip, dj, goesOn });
    const next = await fleet.owner(ONE_OWNER_MS);
    if (ownership === "same owner") assert.equal(next, owner, what);
    await watch.goesOn(3);
    const still = fleet.ids.map((id) => `${id} ${Math.round(watch.longestStillMs(id))} ms`);
    console.log(`${what}: ${owner} → ${next}; nothing new for ${still.join(", ")}`);
    if (noticed || ROUNDS === 0) continue;
    for (const id of fleet.ids) assert.ok(watch.longestStillMs(id) < MAX_STILL_MS, what);
  }
  const ids = new Set(fleet.boxes.flatMap((box) => sessionIds(box, name)));
  assert.equal(ids.size, 1, `sessions ${[...ids].join(", ")}`);
  if (watch.missing.length > 0) console.log(`not to be had: ${watch.missing.join(", ")}`);
}
