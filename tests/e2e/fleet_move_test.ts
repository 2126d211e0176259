/** A show goes from one box to another while both are well, and ends for listeners of all boxes. */
import assert from "node:assert/strict";
import { ask, reason, reserve, stateOf } from "../../testing/e2e/control_request.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { sessionIds } from "../../testing/e2e/srt_senders.ts";
import { Fleet } from "../../testing/fleet/fleet.ts";
import { NameWatch } from "../../testing/fleet/name_watch.ts";
import { until } from "../../testing/until.ts";

/** Whose DJ is gone is soon over, so that each step begins without any. */
const ENV = { HLS_HOLD: "2" };

scenario("a show is at one of three boxes, and goes to another with its DJ", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 240 });
  await using fleet = await Fleet.start({ env: ENV });
  for (
    const [what, run] of [
      ["a DJ who comes to another box with his key takes his show there", follows],
      ["who comes to another box without a key does not get what is on air", isRefused],
      ["of DJs who begin one name at all boxes at once, one has it", oneHasIt],
    ] as const
  ) {
    await t.step(what, () => run(fleet, clip));
    await until("all is over", async () => (await fleet.owners()).length === 0);
  }
});

async function follows(fleet: Fleet, clip: string): Promise<void> {
  const [a = "", b = "", c = ""] = fleet.ids;
  const name = "follows";
  const grant = await reserve(controlOf(fleet, c), name, { protocol: "rtmp" });
  await using stack = new AsyncDisposableStack();
  const publishAt = (box: string) => {
    return stack.use(new Encoder(clip, fleet.box(box).rtmpUrl(`${name}/${grant.key}`)));
  };
  let dj = publishAt(a);
  {
    await using watch = new NameWatch(name, fleet.playlistUrls(name));
    await using low = new NameWatch(name, fleet.playlistUrls(name), "low-media.m3u8");
    await watch.goesOn(5);
    for (const box of [b, a, c]) {
      const next = publishAt(box);
      await until(`${box} has the name`, async () => (await fleet.owners()).join() === box);
      await dj.end();
      dj = next;
      await watch.goesOn(4);
      await low.goesOn(1);
    }
    assert.deepEqual([...watch.missing, ...low.missing], []);
  }
  const ids = new Set(fleet.boxes.flatMap((box) => sessionIds(box, name)));
  assert.equal(ids.size, 1, `sessions ${[...ids].join(", ")}`);

  // Any box answers for the session, and ends it.
  const request = { method: "GET", path: "state", headers: grant.cookie };
  await together(fleet.ids, async (id) => {
    assert.deepEqual(await ask(controlOf(fleet, id), request), stateOf(name, "publishing"));
  });
  const end = { ...request, method: "PUT", path: "teardown", body: reason(1, "good night") };
  assert.equal((await ask(controlOf(fleet, b), end)).status, 200);
  await together(fleet.playlistUrls(name), async ([id, url]) => {
    await until(`the show has ended at ${id}`, async () => {
      return (await (await fetch(url)).text()).endsWith("#EXT-X-ENDLIST\n");
    });
  });
}

async function isRefused(fleet: Fleet, clip: string): Promise<void> {
  const name = "refused";
  await using _dj = new Encoder(clip, fleet.box("a").rtmpUrl(`live/${name}`));
  await using watch = new NameWatch(name, fleet.playlistUrls(name));
  await watch.goesOn(4);
  await together(fleet.others("a"), async (box) => {
    await using other = new Encoder(clip, fleet.box(box).rtmpUrl(`live/${name}`));
    const { code } = await other.end();
    assert.notEqual(code, 0);
  });
  assert.deepEqual(await fleet.owners(), ["a"]);
  await watch.goesOn(2);
}

async function oneHasIt(fleet: Fleet, clip: string): Promise<void> {
  const name = "once";
  await using stack = new AsyncDisposableStack();
  const djs = fleet.rtmpUrls(`live/${name}`).map((url) => stack.use(new Encoder(clip, url)));
  await until("all others are refused", () => djs.filter(({ running }) => running).length === 1);
  const owner = await fleet.owner();
  await using watch = new NameWatch(name, fleet.playlistUrls(name));
  await watch.goesOn(4);
  assert.equal(djs[fleet.ids.indexOf(owner)]?.running, true);
}

function controlOf(fleet: Fleet, id: string): string {
  const { host, controlPort } = fleet.box(id);
  return `${host}:${controlPort}`;
}
