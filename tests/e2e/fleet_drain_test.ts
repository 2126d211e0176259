/**
 * A box drains: its shows go to other boxes, and listeners at all boxes hear on. With `FLEET_ROUNDS` boxes
 * stop, too, once players have heard what was listed there, and the script upgrades them.
 */
import assert from "node:assert/strict";
import { ask, reason, reserve } from "../../testing/e2e/control_request.ts";
import { Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { Fleet } from "../../testing/fleet/fleet.ts";
import { NameWatch } from "../../testing/fleet/name_watch.ts";
import { RtmpCrowd } from "../../testing/fleet/rtmp_crowd.ts";
import { RovingPublisher } from "../../testing/fleet/roving_publisher.ts";
import { SrtClient } from "../../testing/fleet/srt_client.ts";
import { until } from "../../testing/until.ts";

const NAME = "demo";
const KEYS = { ECHO_AUTH: "key", ECHO_AUTH_ANY: "1" };
/** To wait for players takes minutes. */
const IS_LONG = Deno.env.has("FLEET_ROUNDS");
/** A box that leaves cannot be reached. */
const EXPECTED = [/\bfleet\b/i];

scenario("an encoder that can reconnect takes its show to the box that it is told", async () => {
  await using fleet = await Fleet.start({ env: KEYS, expectedErrors: EXPECTED });
  const [a = "", b = "", c = ""] = fleet.ids;
  const authorization = "Bearer any";
  const grant = await reserve(controlOf(fleet, b), NAME, { protocol: "rtmp", authorization });
  const { host, rtmpPort } = fleet.box(a);
  await using dj = await RovingPublisher.start(
    new URL(`rtmp://${host}:${rtmpPort}/${NAME}`),
    grant.key,
  );
  await using watch = new NameWatch(NAME, fleet.playlistUrls(NAME));
  await watch.goesOn(5);
  assert.deepEqual(await fleet.owners(), [a]);

  await drain(fleet, c, a, "PUT");
  await until("the show is at another box", async () => {
    const owners = await fleet.owners();
    return owners.length === 1 && owners[0] !== a;
  });
  assert.equal(dj.requests.length, 1);
  const [place] = dj.requests;
  const others = [b, c].map((id) => `${fleet.box(id).host}:${fleet.box(id).rtmpPort}`);
  assert.ok(others.includes(place?.host ?? ""), `it was told to go to ${place}`);
  await watch.goesOn(5);
  assert.deepEqual(watch.missing, []);

  // The box that drains gives new broadcasts away, too.
  const { transports } = await publishElsewhere(fleet, a);
  assert.notEqual(transports[0]?.address, fleet.box(a).host);
  const { state, sessions, left, problems } = await boxOf(fleet, b, a);
  assert.deepEqual({ state, sessions, problems }, { state: "draining", sessions: 0, problems: [] });
  assert.equal(left, 1, "players may still ask for what was listed there");
  await drain(fleet, b, a, "DELETE");
  await until("it is open again", async () => (await boxOf(fleet, b, a)).state === "open");
});

if (IS_LONG) {
  scenario(
    "SIGTERM gives a client of the control API another box, and then the box stops",
    async () => {
      await using media = await Media.create();
      const clip = await media.encode("clip", { seconds: 240 });
      const env = { DRAIN_TIMEOUT: "120" };
      await using fleet = await Fleet.start({ env, expectedErrors: EXPECTED });
      const controls = fleet.ids.map((id) => controlOf(fleet, id));
      await using client = new SrtClient({ name: NAME, file: clip, controls });
      await using watch = new NameWatch(NAME, fleet.playlistUrls(NAME));
      await watch.goesOn(5);
      const first = await fleet.owner();

      const box = fleet.box(first);
      box.kill("SIGTERM");
      await until("the client was told another place", () => client.told.length > 1);
      const second = await fleet.owner();
      assert.notEqual(second, first);
      assert.ok(client.told.at(-1)?.startsWith(`${fleet.box(second).host}:`), client.told.join());
      await watch.goesOn(5);
      assert.deepEqual(watch.missing, []);
      await box.line(/has drained: 0 broadcasts are cut off/);
      // It ends by itself.
      assert.equal((await box.stop("SIGCONT")).code, 0);
      // The others would drain, too.
      for (const id of fleet.others(first)) await fleet.box(id).stop("SIGINT");
    },
  );

  scenario("the script upgrades box by box, while a show goes on", async () => {
    await using fleet = await Fleet.start({ expectedErrors: EXPECTED });
    const places = fleet.boxes.map(({ host, rtmpPort }) => ({ hostname: host, port: rtmpPort }));
    await using crowd = new RtmpCrowd([NAME], places);
    await using watch = new NameWatch(NAME, fleet.playlistUrls(NAME));
    await watch.goesOn(5);
    const upgraded: string[] = [];
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    await using upgrades = Deno.serve(options, async ({ url }) => {
      const id = new URL(url).pathname.slice(1);
      upgraded.push(id);
      await fleet.box(id).stop("SIGTERM");
      await fleet.box(id).startAgain();
      return new Response();
    });
    const command = `curl --silent --fail http://127.0.0.1:${upgrades.addr.port}/$BOX_ID`;
    const urls = fleet.boxes.map(({ host, statPort }) => `http://${host}:${statPort}`);
    const { code, stderr } = await new Deno.Command("bash", {
      args: ["scripts/rolling-upgrade.sh", "-t", "2", "-c", command, ...urls],
      stderr: "piped",
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 0, said);
    assert.match(said, /all boxes are upgraded\n$/);
    assert.deepEqual(upgraded, fleet.ids);
    assert.ok(crowd.reconnects > 0, said);
    await watch.goesOn(5);
  });
}

function controlOf(fleet: Fleet, id: string): string {
  const { host, controlPort } = fleet.box(id);
  return `${host}:${controlPort}`;
}

/** Asks box `at` that `id` drain, or do so no more. */
async function drain(fleet: Fleet, at: string, id: string, method: "PUT" | "DELETE") {
  const { host, statPort } = fleet.box(at);
  const answer = await fetch(`http://${host}:${statPort}/stat/1/fleet/${id}/drain`, { method });
  assert.equal(answer.status, 204, await answer.text());
}

/** What box `at` tells of box `id`. */
async function boxOf(fleet: Fleet, at: string, id: string) {
  const { host, statPort } = fleet.box(at);
  const answer = await fetch(`http://${host}:${statPort}/stat/1/fleet`);
  const { boxes } = await answer.json() as {
    boxes: { id: string; state: string; sessions: number; left: number; problems: string[] }[];
  };
  const box = boxes.find((box) => box.id === id);
  assert.ok(box !== undefined, `${at} does not know ${id}`);
  return box;
}

/** What a client is told that asks `id` for another broadcast. */
async function publishElsewhere(fleet: Fleet, id: string) {
  const { status, body } = await ask(controlOf(fleet, id), {
    ...{ method: "POST", path: "publish/other", headers: { Authorization: "Bearer any" } },
    body: { media: { type: "audio", protocol: "srt", format: "aac" }, ...reason(0, "on air") },
  });
  assert.equal(status, 200, JSON.stringify(body));
  return (body as { publish: { transports: { address: string }[] } }).publish;
}
