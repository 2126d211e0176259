/**
 * How far behind the encoder's input the listener page is heard, in low latency and without.
 * `LATENCY_MINUTES` says for how long it is measured.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { ClockEncoder } from "../../testing/players/clock_sound.ts";
import { type HeardLate, LatencyListener } from "../../testing/players/page_latency.ts";
import { PageVisits } from "../../testing/players/page_visits.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { until } from "../../testing/until.ts";

/** None for the gate, where only what no machine's speed changes counts. */
const MINUTES = Number(Deno.env.get("LATENCY_MINUTES") ?? 0);
const IS_MEASURED = MINUTES > 0;
const AWAY_MS = 8000;

/** From the encoder's input to the ear, in the median. */
const MOST_BEHIND_MS = 2000;
const LATEST_SOUND_MS = 1000;
/** How long low latency may stand still where the DJ is gone, at a target duration of 1 s. */
const LONGEST_STALL_MS = 1500;

scenario("in low latency the page is heard soon after the encoder's input", async () => {
  await using server = await EchoServer.start({ env: { HLS_TARGET_DURATION: "1" } });
  await using stack = new AsyncDisposableStack();
  const publish = () => stack.use(new ClockEncoder(server.rtmpUrl("live/demo")));
  const first = publish();
  await until("the show can be heard", async () => {
    const playlist = await (await fetch(server.playlistUrl("demo"))).text();
    return playlist.split("#EXTINF").length > 8;
  });
  const complaints: string[][] = [];
  const sit = async (lowLatency: boolean) => {
    // A browser gives less of the machine to a page behind another one, so each has its own.
    const visits = stack.use(
      await PageVisits.start(`http://127.0.0.1:${server.hlsPort}`, {
        motion: IS_MEASURED ? "moving" : "still",
      }),
    );
    complaints.push(visits.complaints);
    return await LatencyListener.sit(visits, "/cast/demo/", { lowLatency });
  };
  // Whoever comes first has the server make low latency.
  const listeners = { low: await sit(true), ordinary: await sit(false) };

  await together(Object.values(listeners), (listener) => listener.mark());
  await pause(MINUTES * 60_000);
  await together(Object.values(listeners), async (listener) => {
    await until("enough was heard", () => listener.hasHeard(50));
  });
  const low = await listeners.low.heard();
  const ordinary = await listeners.ordinary.heard();
  console.log(`low latency: ${text(low)}`);
  console.log(`ordinary:    ${text(ordinary)}`);
  const ratio = middle(low.latencies) / middle(ordinary.latencies);
  console.log(`low latency is ${ratio.toFixed(2)} of what the ordinary playlist is behind`);
  assert.ok(await asksForParts(listeners.low));
  assert.ok(!await asksForParts(listeners.ordinary));

  await together(Object.values(listeners), (listener) => listener.mark());
  await first[Symbol.asyncDispose]();
  await pause(AWAY_MS);
  publish();
  await together(Object.values(listeners), async (listener) => {
    await until("the DJ is heard again", async () => {
      const { latencies } = await listener.heard();
      return latencies.length > 100;
    });
  });
  const stalls = {
    low: (await listeners.low.heard()).stalls,
    ordinary: (await listeners.ordinary.heard()).stalls,
  };
  console.log(`while the DJ was away, low latency stood still for ${shown(stalls.low)} ms`);
  console.log(`and the ordinary playlist for ${shown(stalls.ordinary)} ms`);
  assert.deepEqual(complaints, [[], []]);
  if (!IS_MEASURED) return;
  assert.ok(middle(low.latencies) <= MOST_BEHIND_MS);
  assert.ok(low.joinedMs <= LATEST_SOUND_MS);
  assert.deepEqual([low.stalls, ordinary.stalls], [[], []]);
  assert.ok(stalls.low.length <= 1 && stalls.low.every((ms) => ms < LONGEST_STALL_MS));
  assert.deepEqual(stalls.ordinary, []);
});

/** Whether it has waited for versions of the playlist that have a certain part. */
async function asksForParts({ page }: LatencyListener): Promise<boolean> {
  return await page.evaluate<boolean>(`performance.getEntriesByType("resource")
    .some(({ name }) => name.includes("_HLS_part="))`);
}

function text({ latencies, stalls, joinedMs }: HeardLate): string {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? NaN);
  return `${at(0.5)} ms behind the encoder's input in the median (${at(0.05)} to ${at(0.95)}, ` +
    `${latencies.length} samples), first sound after ${Math.round(joinedMs)} ms, ` +
    `stalls: ${shown(stalls)}`;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function shown(stalls: readonly number[]): string {
  return stalls.length === 0 ? "none" : stalls.map(Math.round).join(", ");
}
