/** A DJ who is silent, gone, and back: what operators see of the fallback that is heard instead. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import type { Locator } from "playwright-core";
import { accessUnits, adtsStream } from "../../testing/audio/access_units.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { metricsOf } from "../../testing/e2e/stat_request.ts";
import { checkAccessibility, PageVisits, SCREENS } from "../../testing/players/page_visits.ts";
import { until } from "../../testing/until.ts";

const SILENT_UNIT = Uint8Array.fromHex("21000000001c");
/** Frames of three seconds, and of two minutes. */
const [BEGINNING, LONG] = [130, 5200];

scenario("lamp and band show a fallback and why it is heard, until the DJ is", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 10, times: 12 });
  const file = await media.encode("file", { seconds: 2, bitrate: "96k" });
  const { config, frames } = accessUnits(await Deno.readFile(clip));
  const silence = Array.from({ length: LONG }, () => SILENT_UNIT);
  const muted = `${dirname(clip)}/muted.aac`;
  await Deno.writeFile(muted, adtsStream(config, [...frames.slice(0, BEGINNING), ...silence]));
  const env = { FALLBACK_FILE: file, DEAD_AIR_AFTER: "2" };
  await using server = await EchoServer.start({ env });
  await using visits = await PageVisits.start(`http://127.0.0.1:${server.statPort}`);
  const page = await visits.open("/");
  page.setDefaultTimeout(60_000);
  await page.setViewportSize(SCREENS.desktop);
  // A busy machine may have troubles of its own there.
  const band = page.locator("#troubles li", { hasText: "demo" });
  const lamp = page.locator("#sessions tbody td.state");
  const shows = async (inLamp: RegExp, inBand: RegExp) => {
    await until(`${inLamp} and ${inBand} are shown`, async () => {
      return inLamp.test(await textOf(lamp)) && inBand.test(await textOf(band));
    });
  };

  await using encoder = new Encoder(muted, server.rtmpUrl("live/demo"));
  await shows(
    /^fallback \d/,
    /^demo plays its fallback: its DJ has had no sound for 0:\d\d EchoFallback$/,
  );
  assert.match(await page.title(), /^\(\d+\) .* – Echo – 127\.0\.0\.1$/);
  await page.locator("#events", { hasText: "plays its fallback: the DJ is silent" }).waitFor();
  assert.match(await metricsOf(server), /^echo_fallback_sessions 1$/m);
  await checkAccessibility(page);

  await encoder.stop("SIGKILL");
  await shows(/^fallback \d/, /^demo plays its fallback: it has lost its DJ, .* EchoFallback$/);
  await using returned = new Encoder(muted, server.rtmpUrl("live/demo"));
  await shows(/^fallback \d/, /^demo plays its fallback: its DJ has had no sound for \d/);
  await returned.stop("SIGKILL");
  await using _loud = new Encoder(clip, server.rtmpUrl("live/demo"));
  await shows(/^on air$/, /^$/);
  await page.locator("#events", { hasText: "the DJ is heard again" }).waitFor();
  assert.match(await metricsOf(server), /^echo_fallback_sessions 0$/m);
  assert.deepEqual(visits.complaints, []);
});

/** What is read there, on one line. */
async function textOf(place: Locator): Promise<string> {
  const texts = await place.allInnerTexts();
  return texts.join(" ").replaceAll(/\s+/g, " ").trim();
}
