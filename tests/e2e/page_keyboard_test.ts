/** The listener pages by keyboard alone: from the list of shows to a dialog's last link. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { assertAllReached, pressOn, tabTo } from "../../testing/players/keyboard.ts";
import { PageVisits, SCREENS } from "../../testing/players/page_visits.ts";
import { until } from "../../testing/until.ts";

scenario("a listener needs nothing but the keyboard", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", {
    seconds: 10,
    times: 12,
    sampleRate: 24_000,
    layout: "mono",
  });
  await using server = await EchoServer.start({ env: { HLS_WEB_INDEX: "1" } });
  await using visits = await PageVisits.start(`http://127.0.0.1:${server.hlsPort}`);
  await using encoder = new Encoder(clip, server.rtmpUrl("live/show-7"));
  await until("it is on air", async () => {
    const response = await fetch(server.playlistUrl("show-7"));
    await response.body?.cancel();
    return response.ok;
  });
  const page = await visits.open("about:blank");
  await page.setViewportSize(SCREENS.desktop);
  await page.route("**/index.json", (route) => route.fulfill({ json: { shows: SHOWS } }));
  await page.goto("/");
  await findShow(page);
  await play(page);
  await openDialogs(page);
  await assertAllReached(page);
  await encoder.stop("SIGINT");
  await until("others are offered", () => page.locator("#others").isVisible());
  await assertAllReached(page);
  await pressOn(page, "#others .shows a", "Enter");
  await page.waitForURL("**/cast/show-40/");
  assert.deepEqual(visits.complaints, []);
});

/** The last one has the most listeners. */
const SHOWS = Array.from({ length: 40 }, (_, i) => {
  const now = new Date().toISOString();
  const common = { state: "on-air", started_at: now, now, artist: null, low_latency: true };
  return { ...common, name: `show-${i + 1}`, title: null, listeners: i };
});

async function findShow(page: Page): Promise<void> {
  const titles = () => page.locator(".row-title").allInnerTexts();
  await until("40 shows are listed", async () => (await titles()).length === 40);
  await assertAllReached(page);
  await tabTo(page, "#search");
  await page.keyboard.type("show-1");
  assert.equal((await titles()).length, 11);
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "order");
  await page.keyboard.press("l");
  assert.equal((await titles())[0], "show-19", "the most listeners come first");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.type("x");
  assert.equal((await titles()).length, 0);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("SHOW-7");
  await pressOn(page, "#shows a", "Enter");
  await page.waitForURL("**/cast/show-7/");
}

async function play(page: Page): Promise<void> {
  const untilPhase = (phase: string) => {
    return until(
      `it is ${phase}`,
      async () => await page.getAttribute("main", "data-phase") === phase,
    );
  };
  const volume = () => page.locator("#volume").inputValue();
  const press = (key: string) => page.keyboard.press(key);
  await press("k");
  await untilPhase("playing");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowUp"]) await press(key);
  assert.equal(await volume(), "95");
  await press("m");
  assert.equal(await volume(), "0");
  await press("m");
  assert.equal(await volume(), "95");

  await tabTo(page, "#volume");
  await press("ArrowLeft");
  assert.equal(await volume(), "94");
  await press("ArrowUp");
  assert.equal(await volume(), "95", "where it has the focus, the volume has its own keys");
  await press("m");
  assert.equal(await volume(), "0", "and letters are the page's");
  await press("m");
  await press("Space");
  await untilPhase("stopped");
  await pressOn(page, "#play", "Space");
  await untilPhase("playing");
}

async function openDialogs(page: Page): Promise<void> {
  await pressOn(page, "#share", "Enter");
  await page.locator("#share-dialog").waitFor();
  await assertAllReached(page);
  await pressOn(page, "[data-copies=share-embed]", "Enter");
  await until("it is copied", async () => /^Copied$/.test(await page.innerText("#share-said")));
  await tabTo(page, ".open-in a");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "share");

  await page.keyboard.press("?");
  await page.locator("#help").waitFor();
  await pressOn(page, "#help button", "Enter");
  assert.equal(await page.locator("#help").isVisible(), false);
  await pressOn(page, "#help-open", "Space");
  await page.locator("#help").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "help-open");
}

/** The id of what has the focus. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate<string>("document.activeElement.id");
}
