/** The operator's dashboard in Chromium: from signing in to deleting a recording. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
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

const TOKEN = "a-token-for-operators";
/** Facts that are wider than their place, on a box with much to do. */
const CUT_OFF = `(() => {
  document.querySelector("#fact-load").textContent = "118.13 115.81 114.06";
  return [...document.querySelectorAll(".facts dd")]
    .filter((fact) => fact.scrollWidth > fact.clientWidth).map(({ id }) => id);
})()`;
/** How high the band is, and how far below the head the facts stand, in pixels. */
const ROOM_FOR_TROUBLES = `(() => {
  const [head, band, facts] = [".top", "#troubles", ".facts"]
    .map((selector) => document.querySelector(selector).getBoundingClientRect());
  return [band.height, Math.round(facts.top - head.bottom)];
})()`;
/** Whether the last button of a row can be pressed, in a window that is narrower than the table. */
const CAN_END = `(() => {
  const button = document.querySelector("#sessions .danger");
  const { x, y, width, height } = button.getBoundingClientRect();
  return document.elementFromPoint(x + width / 2, y + height / 2) === button;
})()`;
/** Longer than the test takes anywhere. */
const CLIP = {
  seconds: 10,
  times: 30,
  sampleRate: 24_000,
  layout: "mono",
  bitrate: "48k",
} as const;

scenario("an operator signs in, watches a show, ends it, and keeps house", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", CLIP);
  await using server = await EchoServer.start({ env: { STAT_TOKEN: TOKEN } });
  const origin = `http://127.0.0.1:${server.statPort}`;
  await server.line(new RegExp(`listens on 127\\.0\\.0\\.1:${server.statPort}$`));
  await using visits = await PageVisits.start(origin);

  const page = await visits.open("/");
  // Only ends what hangs, as everywhere.
  page.setDefaultTimeout(60_000);
  await page.setViewportSize(SCREENS.desktop);
  await signIn(page);
  await untilText(page, "#connection", /^Live$/);
  assert.equal(await page.locator("#sessions-empty").isVisible(), true);
  const [band, facts] = await page.evaluate<number[]>(ROOM_FOR_TROUBLES);
  assert.deepEqual([band, facts], [0, 16], "where nothing is wrong, nothing is in between");
  await takeScreenshots(page, "dashboard-empty");
  await page.setViewportSize(SCREENS.desktop);

  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"), [
    ...[
      "-c",
      "copy",
      "-metadata",
      "title=A song with a long <b>title</b>",
      "-metadata",
      "artist=Band",
    ],
  ]);
  await watch(page, server);
  await listen(page);
  await endIt(page, server);
  await encoder.end();
  await keepHouse(page, server);
  // That the page to sign in is no success is what browsers call an error. Shows are heard from where
  // listeners hear them.
  const show = `asked for http://127.0.0.1:${server.hlsPort}/cast/demo/`;
  const complaints = visits.complaints.filter((complaint) =>
    !/\/(sign-in)?: .* 401/.test(complaint) && !complaint.startsWith(show)
  );
  assert.deepEqual(complaints, []);

  await server.stop("SIGTERM");
  await untilText(page, "#connection", /^Not connected/);
  await server.startAgain();
  await untilText(page, "#connection", /^Live$/);
  await page.locator("#sign-out button").click();
  await page.locator("#token").waitFor();
  await page.goto("/");
  await page.locator("#token").waitFor();
});

async function signIn(page: Page): Promise<void> {
  await takeScreenshots(page, "dashboard-sign-in");
  await page.locator("#token").fill("wrong");
  await page.locator("button").click();
  await untilText(page, "#why", /not the token/);
  await checkAccessibility(page);
  await page.locator("#token").fill(TOKEN);
  await page.keyboard.press("Enter");
  await page.waitForURL("/");
  const [cookie, ...others] = await page.context().cookies();
  assert.deepEqual(others, []);
  assert.equal(cookie?.httpOnly, true);
  assert.equal(cookie?.sameSite, "Strict");
  assert.ok(!cookie?.value.includes(TOKEN));
}

/** The show appears, and goes on from moment to moment. */
async function watch(page: Page, server: EchoServer): Promise<void> {
  const plots = page.locator("#plots");
  const points = async () => Number(await plots.getAttribute("data-points"));
  const before = await points();
  const row = page.locator("#sessions tbody tr");
  await untilText(
    page,
    "#sessions tbody",
    /^demo\s*A song with a long <b>title<\/b> · Band.*on air.*RTMP 127\.0\.0\.1/s,
  );
  await untilText(page, "#sessions td[data-title=Bitrate]", /^[3-7]\d kb\/s$/);
  assert.equal(await row.count(), 1);
  const listeners = page.getByRole("link", { name: "Page of demo, in a new tab" });
  assert.equal(
    await listeners.getAttribute("href"),
    `http://127.0.0.1:${server.hlsPort}/cast/demo/`,
  );
  await untilText(page, "#log", /demo\s*on air by rtmp from 127\.0\.0\.1/);
  await untilText(page, "#recordings tbody", /^demo.*recording/s);

  await until("the plots grow", async () => await points() > before + 1);
  await untilText(page, "#plots", /[3-7]\d kb\/s bitrate\s+1 sessions/);
  assert.equal(await plots.locator("canvas").count(), 5);
  await checkAccessibility(page);
  await takeScreenshots(page, "dashboard-on-air");
  await page.setViewportSize({ width: 900, height: 800 });
  assert.equal(await page.evaluate(CAN_END), true);
  await page.setViewportSize(SCREENS.phone);
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  assert.equal(width, SCREENS.phone.width, "nothing is wider than a phone");
  assert.deepEqual(await page.evaluate(CUT_OFF), [], "no fact touches the next one");
  await page.setViewportSize(SCREENS.desktop);
}

/** Hears the show on one click, until another one. */
async function listen(page: Page): Promise<void> {
  await untilText(page, "#log", /demo\s*can be heard/);
  const button = page.getByRole("button", { name: "Listen to demo" });
  const pressed = () => button.getAttribute("aria-pressed");
  const position = () => page.evaluate<number>("document.querySelector('audio').currentTime");
  assert.deepEqual([await pressed(), await page.locator("#player").isVisible()], ["false", false]);
  await button.click();
  await untilText(page, "#player-title", /^demo, on air$/);
  const begun = await position();
  await until("the show is heard", async () => await position() > begun + 2);
  assert.equal(await pressed(), "true");
  await checkAccessibility(page);
  await takeScreenshots(page, "dashboard-listening");
  await page.setViewportSize(SCREENS.desktop);
  await button.click();
  assert.deepEqual([await pressed(), await page.locator("#player").isVisible()], ["false", false]);
  assert.equal(await page.evaluate("document.querySelector('audio').paused"), true);
  // Who cannot make up his mind hears it once.
  for (let i = 0; i < 5; i++) await button.click();
  await untilText(page, "#player-title", /^demo, on air$/);
}

/** Ends the show, on second thought, while it is heard. */
async function endIt(page: Page, server: EchoServer): Promise<void> {
  const end = page.getByRole("button", { name: "End demo" });
  await end.click();
  await checkAccessibility(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await end.isVisible(), true);
  await end.click();
  await page.getByRole("button", { name: "End session" }).click();
  await untilText(page, "#message", /^demo has ended\.$/);
  await until("listeners know", async () => {
    const response = await fetch(server.playlistUrl("demo"));
    return (await response.text()).includes("#EXT-X-ENDLIST");
  });
  await page.locator("#sessions-empty").waitFor();
  await page.locator("#player").waitFor({ state: "hidden" });
  await untilText(page, "#log", /demo\s*over: teardown by server \(30000\)/);
}

/** Plays, downloads and deletes the recording. */
async function keepHouse(page: Page, server: EchoServer): Promise<void> {
  await untilText(page, "#recordings tbody", /^demo.*finished/s);
  await page.getByRole("button", { name: /^Play demo/ }).click();
  await until("the recording plays", () => {
    return page.evaluate<boolean>("document.querySelector('audio').currentTime > 0.5");
  });
  await checkAccessibility(page);
  await page.getByRole("button", { name: "Close" }).click();

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: /^Download demo/ }).click(),
  ]);
  const file = `${server.folder}/output/record/demo.mp4`;
  assert.equal(download.suggestedFilename(), "demo.mp4");
  assert.deepEqual(await Deno.readFile(await download.path()), await Deno.readFile(file));

  await page.getByRole("button", { name: /^Delete demo/ }).click();
  await page.getByRole("button", { name: "Delete recording" }).click();
  await page.locator("#recordings-empty").waitFor();
  await assert.rejects(Deno.stat(file), Deno.errors.NotFound);

  await page.locator("#log-filter input").fill("another");
  assert.equal(await page.locator("#log li:visible").count(), 0);
  await page.locator("#log-filter input").fill("DEM");
  assert.ok(await page.locator("#log li:visible").count() > 5);
}

async function untilText(page: Page, selector: string, pattern: RegExp): Promise<void> {
  await until(`${selector} says ${pattern}`, async () => {
    const [found] = await page.locator(selector).allInnerTexts();
    return found !== undefined && pattern.test(found.trim());
  });
}
