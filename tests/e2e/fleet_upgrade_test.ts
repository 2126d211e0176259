/**
 * Boxes are upgraded one after the other by the shipped script: DJs are moved, and listeners do not
 * notice. It is run where `FLEET_PUBLISHERS` and `FLEET_PLAYERS` say how many there are.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Child } from "../../testing/child.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { Fleet } from "../../testing/fleet/fleet.ts";
import { PollingPlayer } from "../../testing/fleet/polling_player.ts";
import { RtmpCrowd } from "../../testing/fleet/rtmp_crowd.ts";
import { until } from "../../testing/until.ts";

const PUBLISHERS = Number(Deno.env.get("FLEET_PUBLISHERS") ?? 0);
const PLAYERS = Number(Deno.env.get("FLEET_PLAYERS") ?? 0);
const ENV = { HLS_HOLD: "60", RECORD_ENABLED: "0" };
/** A box that goes, or is not there for a moment, cannot be reached. */
const EXPECTED = [/\bfleet\b/i];
const TARGET_MS = 1000;
/** How long after a version the next one comes at the latest, in target durations. */
const MAX_CADENCE = 1.4;
/** By which a version may be late for a busy machine. */
const SLACK_MS = 500;
const SCRIPT = fileURLToPath(new URL("../../scripts/rolling-upgrade.sh", import.meta.url));

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

  const moved = await upgrade(fleet, () => crowd.reconnects);
  assert.ok(moved.every((count) => count > 0), `DJs were moved ${moved.join(", ")} times`);

  const standStills = players.map(({ standStill }) => standStill);
  const longest = Math.max(...standStills.map(({ longestMs }) => longestMs));
  const away = Math.max(...names.map((name) => crowd.longestAwayMs(name)));
  console.log(
    `${crowd.reconnects} times a DJ was moved, and away for ${Math.round(away)} ms at most; ` +
      `no playlist stood still for longer than ${Math.round(longest)} ms`,
  );
  const late = standStills.flatMap(({ name, longestMs, url }) => {
    const allowed = MAX_CADENCE * TARGET_MS + crowd.longestAwayMs(name) + SLACK_MS;
    return longestMs <= allowed ? [] : [`${url}: ${longestMs} of ${allowed} ms`];
  });
  assert.deepEqual(late, []);
  assert.deepEqual(standStills.filter(({ backward }) => backward > 0), []);
}, { ignore: PUBLISHERS === 0 });

/**
 * Upgrades all boxes by the shipped script.
 * @param moves how often DJs were moved so far
 * @returns how often they were for each box
 */
async function upgrade(fleet: Fleet, moves: () => number): Promise<number[]> {
  const moved: number[] = [];
  let before = moves();
  const restart = async (id: string) => {
    moved.push(moves() - before);
    await fleet.box(id).stop("SIGTERM");
    await fleet.box(id).startAgain();
    before = moves();
    return new Response();
  };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => restart(new URL(request.url).pathname.slice(1)),
  );
  const command = `curl --fail --silent "http://127.0.0.1:${server.addr.port}/$BOX_ID"`;
  const urls = fleet.boxes.map(({ host, statPort }) => `http://${host}:${statPort}`);
  await using script = new Child("bash", [SCRIPT, "-c", command, ...urls]);
  const { code } = await script.end();
  assert.equal(code, 0, script.output);
  return moved;
}
