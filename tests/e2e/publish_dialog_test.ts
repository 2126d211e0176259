/** The dashboard's dialog to publish: its texts, copied as they stand, put an encoder on air. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { encode } from "uqr";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import {
  checkAccessibility,
  PageVisits,
  SCREENS,
  takeScreenshots,
} from "../../testing/players/page_visits.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

scenario("an operator copies what a DJ types, with a new key and with the DJ's own", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start({
    env: { ECHO_AUTH: "dj", ECHO_DJ_FILE: "djs", ICECAST_ENABLED: "1" },
    files: { djs: `anna:${hashOfDjKey("annas-key")}:morning,evening*\n` },
  });
  const origin = `http://127.0.0.1:${server.statPort}`;
  await server.line(new RegExp(`listens on 127\\.0\\.0\\.1:${server.statPort}$`));
  await using visits = await PageVisits.start(origin);
  const page = await visits.open("/");
  page.setDefaultTimeout(60_000);

  // By keyboard alone.
  await page.setViewportSize(SCREENS.phone);
  await page.getByRole("button", { name: "Publish…" }).focus();
  await page.keyboard.press("Enter");
  await page.locator("#publish-who").waitFor();
  await page.keyboard.type("guest");
  await page.keyboard.press("Enter");
  await page.getByText("The key is shown this once.").waitFor();
  await checkAccessibility(page);
  const width = await page.evaluate<number>("document.querySelector('#publish').scrollWidth");
  assert.ok(width <= SCREENS.phone.width, `${width}`);
  const { data } = encode((await texts(page))["Larix: Link"] ?? "", { border: 4 });
  assert.equal(await modules(page), data.flat().filter((dark) => dark).length);
  await takeScreenshots(page, "dashboard-publish");
  await page.setViewportSize(SCREENS.phone);
  await assertOnAir(clip, urlOf(await texts(page), "FFmpeg: RTMP"), server.playlistUrl("guest"));

  await page.locator("#publish-name").fill("evening-2");
  assert.deepEqual(await texts(page), {}, "the key of another name is gone");
  await page.locator("#publish-dj").selectOption("anna");
  await page.locator("#publish-make").click();
  await page.locator("#publish-own").waitFor();
  assert.equal(await page.locator("#publish-code").isVisible(), false);
  assert.equal((await texts(page))["OBS: Stream key"], "evening-2?user=anna&key=KEY");
  await page.locator("#publish-key").fill("annas-key");
  await page.locator("#publish-code").waitFor();
  await checkAccessibility(page);
  const own = await texts(page);
  assert.equal(own["OBS: Server"], server.rtmpUrl("live"));
  assert.equal(own["OBS: Stream key"], "evening-2?user=anna&key=annas-key");
  await assertOnAir(clip, urlOf(own, "FFmpeg: SRT"), server.playlistUrl("evening-2"));
  const butt = ["Address", "Port", "Password", "IceCast mountpoint", "IceCast user"];
  assert.deepEqual(
    butt.map((field) => own[`BUTT: ${field}`]),
    ["127.0.0.1", `${server.icecastPort}`, "annas-key", "evening-2", "anna"],
  );

  await page.keyboard.press("Escape");
  await until("the dialog has forgotten all", async () => {
    return Object.keys(await texts(page)).length === 0;
  });
  assert.deepEqual(visits.complaints, []);
  assert.ok(!server.log.some((line) => line.includes("annas-key")));
});

/** The texts that are shown, by what stands above. */
async function texts(page: Page): Promise<Record<string, string>> {
  return await page.evaluate<Record<string, string>>(`(() => Object.fromEntries(
    [...document.querySelectorAll("#publish-settings dt")].map((term) => [
      term.textContent, term.nextElementSibling.querySelector("code").textContent,
    ])))()`);
}

/** How many dark modules the QR code has. */
async function modules(page: Page): Promise<number> {
  const path = await page.locator("#publish-code path").getAttribute("d");
  return path?.match(/M/g)?.length ?? 0;
}

/** The URL in a command line. */
function urlOf(texts: Readonly<Record<string, string>>, field: string): string {
  return /"([^"]+)"$/.exec(texts[field] ?? "")?.[1] ?? assert.fail(JSON.stringify(texts));
}

async function assertOnAir(clip: string, url: string, playlist: string): Promise<void> {
  await using follower = new BothFormsFollower(playlist);
  await using _encoder = new Encoder(clip, url);
  await until("it is on air", () => follower.playlist);
}
