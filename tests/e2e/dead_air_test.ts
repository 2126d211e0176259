/** A source that sends, and of which nothing is to be heard: everybody is told but listeners. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { speech, together, zeros } from "../../testing/audio/programmes.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { askStat, metricsOf } from "../../testing/e2e/stat_request.ts";
import { HookReceiver } from "../../testing/hook/hook_receiver.ts";
import { checkAccessibility, PageVisits, SCREENS } from "../../testing/players/page_visits.ts";
import { until } from "../../testing/until.ts";

const RATE = 32_000;
const SOUND = { rate: RATE, levelDb: -23 };
/** Long enough for all that is looked at while it lasts. */
const SILENCE_S = 25;

scenario(
  "sound, silence and sound: hooks, dashboard, metrics and log tell of dead air",
  async () => {
    await using media = await Media.create();
    const show = together(
      speech({ ...SOUND, seconds: 6 }),
      zeros({ rate: RATE, seconds: SILENCE_S }),
      speech({ ...SOUND, seconds: 120 }),
    );
    const clip = await media.programme("show", show, RATE);
    await using receiver = await HookReceiver.start();
    await using server = await EchoServer.start({ env: { ...receiver.env, DEAD_AIR_AFTER: "2" } });
    await using visits = await PageVisits.start(`http://127.0.0.1:${server.statPort}`);
    const page = await visits.open("/");
    page.setDefaultTimeout(60_000);
    await page.setViewportSize(SCREENS.desktop);
    await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));

    await until("its level is shown", async () => /−\d+ dB/.test(await rowOf(page)));
    assert.match(await stateOf(page), /^on air/);
    await showsSilence(page, server);
    await checkAccessibility(page);
    await until("the hook server is told", () => receiver.types("demo").includes("dead-air"));

    await until("sound is back", () => receiver.types("demo").includes("sound"));
    await until("all is well on the dashboard", async () => /^on air/.test(await stateOf(page)));
    const told = page.locator("#troubles li", { hasText: "EchoDeadAir" });
    assert.equal(await told.count(), 0);
    assert.match(await metricsOf(server), /^echo_dead_air 0$/m);
    assert.equal("dead_air_since" in await infoOf(server), false);

    const [deadAir, sound] = receiver.events.filter(({ type }) => /^(dead-air|sound)$/.test(type));
    assert.equal(deadAir?.data["level_db"], null);
    const silentMs = Number(sound?.data["silent_ms"]);
    assert.ok(Math.abs(silentMs - 1000 * SILENCE_S) <= 1500, `${silentMs} ms`);
    assert.ok(server.log.some((line) => line.endsWith("dead air: digital silence")));
    assert.deepEqual(visits.complaints, []);
  },
);

/** While it lasts: lamp, band, title of the tab, events, statistics, metrics. */
async function showsSilence(page: Page, server: EchoServer): Promise<void> {
  await until("the lamp shows dead air", async () => /^dead air \d/.test(await stateOf(page)));
  assert.match(await rowOf(page), /−∞ dB/);
  const [text = ""] = await page.locator("#troubles li", { hasText: "EchoDeadAir" })
    .allInnerTexts();
  assert.match(text.replaceAll(/\s+/g, " "), /^demo has had no sound for 0:\d\d: its level/);
  assert.match(await page.title(), /^\(1\) demo has had no sound .* – Echo – 127\.0\.0\.1$/);
  await page.locator("#events", { hasText: "dead air: digital silence" }).waitFor();
  assert.match(String((await infoOf(server))["dead_air_since"]), /^\d{4}-.*Z$/);
  const metrics = await metricsOf(server);
  assert.match(metrics, /^echo_dead_air 1$/m);
  assert.match(metrics, /^echo_name_dead_air\{name="demo"\} 1$/m);
  assert.match(metrics, /^echo_name_level_dbfs\{name="demo"\} -100$/m);
}

async function stateOf(page: Page): Promise<string> {
  return (await page.locator("#sessions tbody td.state").allInnerTexts()).join();
}

async function rowOf(page: Page): Promise<string> {
  return (await page.locator("#sessions tbody tr").allInnerTexts()).join();
}

/** What statistics tell of the one session that there is. */
async function infoOf(server: EchoServer): Promise<Record<string, unknown>> {
  const [, ids] = await askStat(server, "/stat/1/sessions");
  const [, info] = await askStat(server, `/stat/1/sessions/${Object(ids)[0]}`);
  return Object(info);
}
