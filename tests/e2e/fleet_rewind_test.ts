/** A show that is recorded at one box is rewound at another, which counts its listeners for all. */
import assert from "node:assert/strict";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { Fleet } from "../../testing/fleet/fleet.ts";
import { until } from "../../testing/until.ts";

scenario("a show is rewound at any box, under the same URL and with the same bytes", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 120 });
  await using fleet = await Fleet.start({
    env: { RECORD_ENABLED: "1", HLS_REWIND: "all" },
  });
  const [a = "", b = ""] = fleet.ids;
  await using _encoder = new Encoder(clip, fleet.box(a).rtmpUrl("live/demo"));
  const urlAt = (box: string, file: string) => new URL(file, fleet.box(box).playlistUrl("demo"));
  const files = await until("the show has a segment at the other box", async () => {
    const [, ...found] = (await textOf(urlAt(b, "show.m3u8"))).match(/show\/[^"\s]+/g) ?? [];
    return found.length > 0 && found;
  });
  for (const file of files) {
    const [own, elsewhere] = await Promise.all([a, b].map((box) => bytesOf(urlAt(box, file))));
    assert.deepEqual(elsewhere, own);
  }
  const status = await (await fetch(urlAt(b, "status.json"))).json();
  assert.equal(status.state, "on-air");
  assert.notEqual(status.rewind_from, null);
});

async function textOf(url: URL): Promise<string> {
  const answer = await fetch(url);
  const text = await answer.text();
  return answer.status === 200 ? text : "";
}

async function bytesOf(url: URL): Promise<Uint8Array> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200);
  return await answer.bytes();
}
