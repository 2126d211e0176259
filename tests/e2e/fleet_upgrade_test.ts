/**
 * Boxes are drained and started again one after the other, as for an upgrade: DJs are moved, and
 * listeners do not notice. `FLEET_PUBLISHERS` and `FLEET_PLAYERS` say how many there are.
 */
import assert from "node:assert/strict";
import { scenario } from "../../testing/e2e/scenario.ts";
import { Fleet } from "../../testing/fleet/fleet.ts";
import { PollingPlayer } from "../../testing/fleet/polling_player.ts";
import { RtmpCrowd } from "../../testing/fleet/rtmp_crowd.ts";
import { until } from "../../testing/until.ts";

const PUBLISHERS = Number(Deno.env.get("FLEET_PUBLISHERS") ?? 3);
const PLAYERS = Number(Deno.env.get("FLEET_PLAYERS") ?? 9);
const ENV = { HLS_HOLD: "60", RECORD_ENABLED: "0" };
/** A box that goes, or is not there for a moment, cannot be reached. */
const EXPECTED = [/\bfleet\b/i];
const TARGET_MS = 1000;
/** How long after a version the next one comes at the latest, in target durations. */
const MAX_CADENCE = 1.4;
/** By which a version may be late for a busy machine. */
const SLACK_MS = 500;
/** DJs are let go one after the other. */
const DRAIN_MS = 180_000;

scenario(`three boxes are upgraded under ${PUBLISHERS} DJs and ${PLAYERS} players`, async () => {
  await using fleet = await Fleet.start({ env: ENV, expectedErrors: EXPECTED });
  const names = Array.from({ length: PUBLISHERS }, (_, i) => `dj${i}`);
  const places = fleet.boxes.map(({ host, rtmpPort }) => ({ hostname: host, port: rtmpPort }));
  await using crowd = new RtmpCrowd(names, places);
  await using stack = new AsyncDisposableStack();
  const players = Array.from({ length: PLAYERS }, (_, i) => {
    const name = names[i % names.length] ?? "";
    const urls = [...fleet.playlistUrls(name).values()];
    const first = Math.floor(i / names.length) % urls.length;
    return stack.use(new PollingPlayer(name, [...urls.slice(first), ...urls.slice(0, first)]));
  });
  await until("all players have begun", () => players.every(({ hasBegun }) => hasBegun));

  for (const id of fleet.ids) {
    const moved = crowd.reconnects;
    await drain(fleet, id);
    await until(`${id} has no DJ left`, async () => await djsAt(fleet, id) === 0, DRAIN_MS);
    assert.ok(crowd.reconnects > moved, `no DJ was moved from ${id}`);
    await fleet.box(id).stop("SIGTERM");
    await fleet.box(id).startAgain();
    await fleet.joined();
  }

  let longest = 0;
  for (const { standStill: { name, longestMs, backward } } of players) {
    const allowed = MAX_CADENCE * TARGET_MS + crowd.longestAwayMs(name) + SLACK_MS;
    assert.ok(longestMs <= allowed, `${name} stood still for ${longestMs} of ${allowed} ms`);
    assert.equal(backward, 0, `${name} went back`);
    longest = Math.max(longest, longestMs);
  }
  const away = Math.max(...names.map((name) => crowd.longestAwayMs(name)));
  console.log(
    `${crowd.reconnects} times a DJ was moved, and away for ${Math.round(away)} ms at most; ` +
      `no playlist stood still for longer than ${Math.round(longest)} ms`,
  );
});

/** Asks another box that `id` take no DJs, and let go those whom it has. */
async function drain(fleet: Fleet, id: string): Promise<void> {
  const [other = ""] = fleet.others(id);
  const { host, statPort } = fleet.box(other);
  const url = `http://${host}:${statPort}/stat/1/fleet/${id}/drain`;
  const response = await fetch(url, { method: "PUT" });
  assert.equal(response.status, 204, await response.text());
}

/** How many DJs a box has. */
async function djsAt(fleet: Fleet, id: string): Promise<number> {
  const { host, statPort } = fleet.box(id);
  const response = await fetch(`http://${host}:${statPort}/stat/1/sessions/count/input`);
  return (await response.json()).total;
}
