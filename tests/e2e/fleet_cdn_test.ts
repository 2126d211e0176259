/** nginx before a fleet, with the file that is shipped: listeners do not notice which box answers. */
import assert from "node:assert/strict";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { Fleet } from "../../testing/fleet/fleet.ts";
import { FleetProxy } from "../../testing/fleet/fleet_proxy.ts";
import { NameWatch } from "../../testing/fleet/name_watch.ts";
import { until } from "../../testing/until.ts";

/** So many names are asked of the box that will be gone, and as many of the others. */
const HALF = 3;
/** Boxes that are left say that they do not reach the one that is gone. */
const EXPECTED = [/\bfleet\b/i];
/** So often other boxes are asked, and have nothing of it. */
const STALE_ANSWERS = 30;

scenario("listeners of a CDN before a fleet do not notice that a box is gone", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 120 });
  const env = { RECORD_ENABLED: "0" };
  await using fleet = await Fleet.start({ env, expectedErrors: EXPECTED });
  await using proxy = await FleetProxy.start(fleet);
  const [owner = "", gone = ""] = fleet.ids;
  await using stack = new AsyncDisposableStack();
  const { host, hlsPort } = fleet.box(gone);
  const names = await namesHalfAskedOf(`${host}:${hlsPort}`, proxy);
  const watches = names.map((name) => {
    stack.use(new Encoder(clip, fleet.box(owner).rtmpUrl(`live/${name}`)));
    const urls = new Map([["nginx", proxy.playlistUrl(name)]]);
    return stack.use(new NameWatch(name, urls));
  });
  await together(watches, (watch) => watch.goesOn(5));

  await together(names, async (name) => {
    const boxes = await together([1, 2, 3], () => boxOf(proxy.playlistUrl(name)));
    assert.equal(new Set(boxes).size, 1, `${name} is asked of ${boxes.join(", ")}`);
  });

  await fleet.box(gone).stop("SIGKILL");
  await together(watches, (watch) => watch.goesOn(5));
  assert.deepEqual(watches.flatMap(({ missing }) => missing), []);
});

scenario(
  "a CDN keeps the playlist of a show while its box is gone, until another one has it",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 60 });
    const env = { RECORD_ENABLED: "0" };
    await using fleet = await Fleet.start({ env, expectedErrors: EXPECTED });
    await using proxy = await FleetProxy.start(fleet);
    const url = proxy.playlistUrl("demo");
    const asked = await boxOf(url);
    const owner = fleet.ids.find((id) =>
      asked === `${fleet.box(id).host}:${fleet.box(id).hlsPort}`
    );
    assert.ok(owner !== undefined, `${asked}`);
    await using _encoder = new Encoder(clip, fleet.box(owner).rtmpUrl("live/demo"));
    await until("it is heard", async () => (await answerOf(url)).status === 200);
    await fleet.box(owner).stop("SIGKILL");
    let stale = 0;
    await until("no box has it, and listeners have it still", async () => {
      const { status, cache } = await answerOf(url);
      assert.equal(status, 200, cache);
      return cache === "STALE" && ++stale > STALE_ANSWERS;
    });
    const next = fleet.ids.find((id) => id !== owner) ?? "";
    await using _next = new Encoder(clip, fleet.box(next).rtmpUrl("live/demo"));
    await until("the show goes on at another box", async () => {
      const { status, cache, text } = await answerOf(url);
      assert.equal(status, 200, cache);
      return text.includes(`-${next}e`);
    });
  },
);

scenario("an operator behind a CDN stays at one box, with its recordings", async () => {
  await using fleet = await Fleet.start();
  await using proxy = await FleetProxy.start(fleet);
  const statistics = fleet.ids.map((id) => `${fleet.box(id).host}:${fleet.box(id).statPort}`);
  const urls = ["/health", "/stat/1/sessions", "/stat/1/recordings/demo.mp4"];
  const boxes = await together(urls, (url) => boxOf(proxy.operatorUrl(url)));
  assert.equal(new Set(boxes).size, 1, boxes.join(", "));
  assert.ok(statistics.includes(boxes[0] ?? ""), `${boxes[0]}`);
});

/** Names of which nginx asks one half of a box, `HOST:PORT`, and the other half of other boxes. */
async function namesHalfAskedOf(box: string, proxy: FleetProxy): Promise<readonly string[]> {
  const asked: string[] = [];
  const others: string[] = [];
  for (let i = 0; asked.length < HALF || others.length < HALF; i++) {
    const name = `dj${i}`;
    const half = await boxOf(proxy.playlistUrl(name)) === box ? asked : others;
    if (half.length < HALF) half.push(name);
  }
  return [...asked, ...others];
}

async function answerOf(url: string) {
  const response = await fetch(url);
  const { status, headers } = response;
  return { status, cache: headers.get("x-cache") ?? "", text: await response.text() };
}

/** The box that nginx has asked, `HOST:PORT`. */
async function boxOf(url: string): Promise<string | null> {
  // What is cached comes from no box.
  const response = await fetch(`${url}?${crypto.randomUUID()}`);
  await response.body?.cancel();
  return response.headers.get("x-box");
}
