/** The listener page where the show may be rewound: the time bar, the way back, links to a moment. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { ClockEncoder } from "../../testing/players/clock_sound.ts";
import { tabTo } from "../../testing/players/keyboard.ts";
import { LatencyListener } from "../../testing/players/page_latency.ts";
import {
  checkAccessibility,
  PageVisits,
  takeScreenshots,
} from "../../testing/players/page_visits.ts";
import { moveBar, statusOf } from "../../testing/players/visited_show.ts";
import { until } from "../../testing/until.ts";

/** As `NEAREST_MS` of the page: what is newer is played live. */
const NEWEST_MS = 20_000;
/** A step of the bar. */
const MOVED_MS = 10_000;
/** The sound tells its time in periods of 16 s. */
const PERIOD_MS = 16_000;

scenario("a listener rewinds the show, shares a moment of it, and goes back to live", async () => {
  await using server = await EchoServer.start({ env: { HLS_REWIND: "all" } });
  await using visits = await PageVisits.start(`http://127.0.0.1:${server.hlsPort}`);
  await using _encoder = new ClockEncoder(server.rtmpUrl("live/demo"));
  const page = await visits.open("/cast/demo/");
  const begin = await until("the show is long enough to be rewound", async () => {
    const { rewind_from: from, now } = await statusOf(page);
    return from !== null && Date.parse(now) - Date.parse(from) > NEWEST_MS + MOVED_MS + 5000 &&
      Date.parse(from);
  });
  await page.close();

  const listener = await LatencyListener.sit(visits, "/cast/demo/", { lowLatency: true });
  const heard = listener.page;
  await until("the bar is there", () => heard.locator("#bar").isVisible());
  assert.equal(await heard.locator("#bar").getAttribute("aria-valuetext"), "live");
  const [value, end] = await heard.evaluate<string[]>("[bar.value, bar.max]");
  assert.equal(value, end, "what is live is at the end of the bar");
  await moveBar(heard, begin + MOVED_MS);
  await until("it plays what was", async () => await behindS(heard) > NEWEST_MS / 1000);
  await checkPlace(listener, begin + MOVED_MS);
  await until("the way back is offered", () => heard.locator("#live").isVisible());
  await checkAccessibility(heard);
  await takeScreenshots(heard, "listener-rewound");

  const placeAt = await middleOf(heard, "#behind");
  await heard.evaluate("document.querySelector('audio').pause()");
  await until("it is paused", async () => {
    return await heard.getAttribute("main", "data-phase") === "paused";
  });
  const messageAt = await middleOf(heard, "#message");
  assert.ok(Math.abs(messageAt - placeAt) < 3, `${messageAt} px is not where ${placeAt} px was`);
  await heard.locator("#play").click();
  await until("it plays what was", async () => await behindS(heard) > NEWEST_MS / 1000);

  // Play goes on where it was stopped.
  await heard.locator("#play").click();
  await heard.locator("#play").click();
  await until("it plays what was, again", async () => await behindS(heard) > NEWEST_MS / 1000);

  await heard.locator("#share").click();
  const link = await heard.locator("#share-moment").inputValue();
  assert.match(link, /\/cast\/demo\/\?t=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  await heard.keyboard.press("Escape");
  const { pathname, searchParams, search } = new URL(link);
  const sent = await LatencyListener.sit(visits, `${pathname}${search}`, { lowLatency: true });
  await checkPlace(sent, Date.parse(searchParams.get("t") ?? ""));
  await sent.page.close();

  await heard.locator("#live").click();
  await untilLive(heard);
  await goByKeys(heard);
  assert.deepEqual(visits.complaints, []);
});

async function untilLive(page: Page): Promise<void> {
  await until("it is live", async () => {
    return await page.locator("#live").isHidden() && await behindS(page) < 10;
  });
}

/** Back by the keys of the bar, a step at a time, and to live by the page's. */
async function goByKeys(page: Page): Promise<void> {
  await tabTo(page, "#bar");
  await page.keyboard.press("ArrowLeft");
  await until("one step leaves what is live", async () => {
    return await behindS(page) > NEWEST_MS / 1000;
  });
  const before = await behindS(page);
  await page.keyboard.press("ArrowLeft");
  await until("the next one leads farther", async () => await behindS(page) > before + 4);
  await until("the way back is offered", () => page.locator("#live").isVisible());
  await page.keyboard.press("l");
  await untilLive(page);
}

/** How far down the page the middle of an element is, in pixels. */
async function middleOf(page: Page, selector: string): Promise<number> {
  const { y = NaN, height = NaN } = await page.locator(selector).boundingBox() ?? {};
  return y + height / 2;
}

/** Checks that it plays from `from` on, a little later than that, and sounds like it. */
async function checkPlace(listener: LatencyListener, from: number): Promise<void> {
  const { page } = listener;
  await listener.mark();
  const [shownMs, soundMs] = await until("what is heard is what is shown", async () => {
    const { latencies } = await listener.heard();
    const last = latencies.at(-1);
    const behind = await behindS(page) * 1000;
    if (last === undefined || Number.isNaN(behind)) return;
    const apart = Math.abs((behind - last + PERIOD_MS * 1.5) % PERIOD_MS - PERIOD_MS / 2);
    return apart < 2000 && [behind, last];
  });
  console.log(`shown ${shownMs} ms behind live, by the sound ${Math.round(soundMs ?? NaN)} ms`);
  const { now } = await statusOf(page);
  assert.ok(Date.parse(now) - (shownMs ?? NaN) > from - 2000);
}

/** How far behind live the page says that it plays; NaN where it does not. */
async function behindS(page: Page): Promise<number> {
  const text = await page.locator("#behind").textContent() ?? "";
  const [, minutes = "0", seconds] = /(?:(\d+):)?(\d+)(?: s)? behind live$/.exec(text) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}
