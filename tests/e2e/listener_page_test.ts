/** The listener page in Chromium: who pressed play hears show after show. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { encode } from "uqr";
import { Child } from "../../testing/child.ts";
import { until } from "../../testing/until.ts";
import { ask, type Grant, reason, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import {
  checkAccessibility,
  PageVisits,
  SCREENS,
  takeScreenshots,
} from "../../testing/players/page_visits.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

/** Music, louder and softer by the beat, so that the meter has something to show. */
const CLIP = fileURLToPath(new URL("../../scripts/echo-client/clip.aac", import.meta.url));

/** More than a player has loaded, so that what is heard after so long has come meanwhile. */
const SECONDS_LOADED = 7;

/** Takes away what the meter prefers to listen with, and shows what it does instead. */
const WITHOUT_CAPTURE = `
  delete HTMLMediaElement.prototype.captureStream;
  const Real = AudioContext;
  AudioContext = class extends Real {
    constructor(...options) {
      super(...options);
      globalThis.meterContext = this;
    }
  };
`;

/** Notes how many seconds are loaded when it begins to sound. */
const WATCH_START = `
  const note = ({ target: { playbackRate, buffered, currentTime } }) => {
    if (playbackRate === 1 && buffered.length > 0) {
      globalThis.loadedAtStart ??= buffered.end(0) - currentTime;
    }
  };
  addEventListener("ratechange", note, true);
`;

scenario("a listener who pressed play hears show after show", async () => {
  await using server = await EchoServer.start({ env: { HLS_WEB_INDEX: "1" } });
  const origin = `http://127.0.0.1:${server.hlsPort}`;
  const control = `127.0.0.1:${server.controlPort}`;
  await using visits = await PageVisits.start(origin, { motion: "moving" });

  const page = await visits.open("/cast/demo");
  assert.equal(page.url(), `${origin}/cast/demo/`);
  await untilState(page, "off-air");
  await checkAccessibility(page);
  await takeScreenshots(page, "listener-off-air");
  await page.evaluate(WATCH_START);
  await page.keyboard.press("Space");
  await untilPhase(page, "waiting");
  assert.equal(await page.locator("#play").getAttribute("aria-label"), "Stop demo");

  const grant = await reserve(control, "demo", { protocol: "rtmp" });
  await using first = publish(server, grant);
  const times = await together([
    () => until("a segment is listed", () => isListed(server)),
    () => untilState(page, "on-air"),
  ], async (wait) => {
    await wait();
    return performance.now();
  });
  const [listedAt = NaN, shownAt = NaN] = times;
  console.log(`on air in the page ${Math.round(shownAt - listedAt)} ms after the first segment`);
  await hears(page);
  assert.ok(await page.evaluate<number>("loadedAtStart") > 0.6);
  assert.equal(await page.locator("#title").textContent(), "Night <b>shift</b>");
  assert.match(await page.title(), /^▶ Night <b>shift<\/b> · On air$/);
  await checkMeter(page);
  await takeScreenshots(page, "listener-playing");
  await checkAccessibility(page);
  await checkKeyboard(page);

  await first.stop("SIGKILL");
  await untilState(page, "reconnecting");
  await using _second = publish(server, grant);
  await untilState(page, "on-air");
  const checks = [() => hears(page, SECONDS_LOADED), () => checkOtherPages(visits)];
  await together(checks, (check) => check());

  await ask(control, {
    method: "PUT",
    path: "teardown",
    body: reason(0, ""),
    headers: grant.cookie,
  });
  await untilState(page, "off-air");
  await checkOffAir(page);
  await using _third = publish(server, await reserve(control, "demo", { protocol: "rtmp" }));
  await untilState(page, "on-air");
  await hears(page, SECONDS_LOADED);

  await page.locator("#play").click();
  await untilPhase(page, "stopped");
  assert.deepEqual(visits.complaints, []);
});

/** A DJ who goes on until stopped, however long a busy machine takes. */
function publish(server: EchoServer, { key }: Grant): Child {
  return new Child("ffmpeg", [
    ...["-hide_banner", "-nostdin", "-v", "error"],
    ...["-re", "-stream_loop", "-1", "-ss", "30", "-i", CLIP],
    ...["-metadata", "title=Night <b>shift</b>", "-c", "copy", "-f", "flv"],
    server.rtmpUrl(`demo/${key}`),
  ]);
}

async function untilState(page: Page, state: string): Promise<void> {
  await until(`the page says ${state}`, async () => await fact(page, "data-state") === state);
}

async function untilPhase(page: Page, phase: string): Promise<void> {
  await until(`the page is ${phase}`, async () => await fact(page, "data-phase") === phase);
}

function fact(page: Page, name: string): Promise<string | null> {
  return page.locator("main").getAttribute(name);
}

/** Waits until it has played for a while, whatever it was opened with. */
async function hears(page: Page, seconds: number = 1): Promise<void> {
  await untilPhase(page, "playing");
  let heard = 0;
  let last = await position(page);
  await until("it plays", async () => {
    const now = await position(page);
    // What it jumps over is not heard.
    if (now > last && now < last + 2) heard += now - last;
    last = now;
    return heard > seconds;
  });
}

function position(page: Page): Promise<number> {
  return page.evaluate<number>("document.querySelector('audio').currentTime");
}

async function checkMeter(page: Page): Promise<void> {
  const levels = new Set<number>();
  await until("the meter moves", async () => {
    const level = await page.evaluate<string>(
      "document.querySelector('.stage').style.getPropertyValue('--level')",
    );
    if (Number(level) > 0.05) levels.add(Number(level));
    return levels.size > 3;
  });
}

async function checkKeyboard(page: Page): Promise<void> {
  const volume = page.locator("#volume");
  assert.equal(await volume.inputValue(), "100");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal(await volume.inputValue(), "90");
  await page.locator("#play").focus();
  await page.keyboard.press("Space");
  await untilPhase(page, "stopped");
  await page.keyboard.press("Enter");
  await untilPhase(page, "playing");
  const focused: (string | null)[] = [];
  while (focused.at(-1) !== "share") {
    const [id, outline] = await page.evaluate<[string, string]>(
      "[document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]",
    );
    assert.equal(outline, "solid", `#${id} does not show that it has the focus`);
    focused.push(id);
    assert.ok(focused.length < 9, `the focus never comes to #share: ${focused}`);
    await page.keyboard.press("Tab");
  }
  // On a busy machine the page may be behind live.
  assert.deepEqual(focused.filter((id) => id !== "live"), ["play", "volume", "share"]);
  await page.locator("#share").press("Enter");
  await until("the dialog shows", () => page.locator("#share-dialog").isVisible());
  assert.match(await page.locator("#share-embed").inputValue(), /^<iframe src="http[^"]+\?embed"/);
  await checkSharing(page);
  await page.keyboard.press("Escape");
  await page.keyboard.press("m");
  assert.equal(await volume.inputValue(), "0");
  await page.keyboard.press("m");
  assert.equal(await volume.inputValue(), "90");
  await page.keyboard.press("k");
  await untilPhase(page, "stopped");
  await page.keyboard.press("?");
  await until("the help shows", () => page.locator("#help").isVisible());
  await page.keyboard.press("k");
  await checkAccessibility(page);
  await takeScreenshots(page, "listener-help");
  await page.keyboard.press("Escape");
  assert.equal(await fact(page, "data-phase"), "stopped", "a key in a dialog is for the dialog");
  await page.keyboard.press("k");
  await untilPhase(page, "playing");
}

/** The QR code has the link, and a player's file the endless stream. */
async function checkSharing(page: Page): Promise<void> {
  const link = await page.locator("#share-link").inputValue();
  const dark = encode(link, { border: 4 }).data.flat().filter((module) => module).length;
  await until("the QR code has the link", async () => {
    const path = await page.locator("#share-code path").getAttribute("d") ?? "";
    return path.match(/M/g)?.length === dark;
  });
  await checkAccessibility(page);
  await takeScreenshots(page, "listener-share");
  const files = await page.evaluate<string[]>(
    "[...document.querySelectorAll('#share-dialog a')].map((link) => link.href)",
  );
  assert.deepEqual(files, [`${link}playlist.m3u8`, `${link}stream.m3u`]);
  const response = await fetch(`${link}stream.m3u`);
  assert.ok((await response.text()).includes(`\n${link}stream.aac\n`));
}

/** When the show was on, and what else is, with a title that is longer than a row. */
async function checkOffAir(page: Page): Promise<void> {
  await page.route("**/index.json", (route) => route.fulfill({ json: { shows: showsOf(7) } }));
  await until("others are shown", () => page.locator("#others").isVisible());
  const links = page.locator("#others .shows a");
  assert.equal(await links.count(), 5);
  assert.equal(await links.first().getAttribute("href"), "../show-7/");
  assert.match(await page.locator("#last-day").textContent() ?? "", /^(today|yesterday)$/);
  assert.equal(await page.locator("#listeners-fact").isVisible(), false);
  await checkNarrow(page);
  await checkAccessibility(page);
  await takeScreenshots(page, "listener-others");
  await page.unroute("**/index.json");
}

/** So many shows; the last one has the most listeners. */
function showsOf(count: number): unknown[] {
  const now = new Date().toISOString();
  const common = { state: "on-air", started_at: now, now, artist: null, low_latency: true };
  return Array.from({ length: count }, (_, i) => {
    const title = `${"A long title ".repeat(i)}${"x".repeat(i * 9)}`;
    return { ...common, name: `show-${i + 1}`, title, listeners: i };
  });
}

/** On the smallest phones nothing is cut off. */
async function checkNarrow(page: Page): Promise<void> {
  await page.setViewportSize({ width: 320, height: 568 });
  const cut = await page.evaluate<string[]>(`
    [...document.querySelectorAll("main *")].filter((element) => {
      const { width, left, right } = element.getBoundingClientRect();
      return width > 1 && (left < 0 || right > innerWidth + 1 || !element.matches("input, select, .play") &&
        element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1);
    }).map((element) => element.outerHTML.slice(0, 100))
  `);
  assert.deepEqual(cut, []);
  await page.setViewportSize(SCREENS.phone);
}

/** Many shows are searched and sorted. */
async function checkFinder(index: Page): Promise<void> {
  await index.route("**/index.json", (route) => route.fulfill({ json: { shows: showsOf(12) } }));
  await until("the shows are listed", async () => await index.locator(".row-title").count() === 12);
  await checkNarrow(index);
  await checkAccessibility(index);
  await takeScreenshots(index, "listener-index-many");
  const hrefs = () =>
    index.evaluate<string[]>(
      "[...document.querySelectorAll('#shows a')].map((link) => link.getAttribute('href'))",
    );
  await index.locator("#order").selectOption("listeners");
  assert.equal((await hrefs())[0], "cast/show-12/");
  await index.locator("#search").fill("SHOW-1");
  assert.deepEqual(await hrefs(), ["12", "11", "10", "1"].map((number) => `cast/show-${number}/`));
  assert.equal(await index.locator("#count").textContent(), "4 of 12 shows");
  await index.locator("#search").fill("");
  await index.unroute("**/index.json");
  await until("one show is listed", async () => await index.locator(".row-title").count() === 1);
}

/** The list, and the compact form in a browser where the meter has the sound pass through. */
async function checkOtherPages(visits: PageVisits): Promise<void> {
  const index = await visits.open("/");
  await until("the show is listed", async () => await index.locator(".row-title").count() === 1);
  await checkAccessibility(index);
  await takeScreenshots(index, "listener-index");
  assert.equal(await index.locator("#finder").isVisible(), false, "one show is not looked for");
  await checkFinder(index);
  await index.locator("#shows a").click();
  await index.waitForURL("**/cast/demo/");
  await index.close();

  const embed = await visits.open("about:blank");
  await embed.addInitScript(WITHOUT_CAPTURE);
  await embed.goto("/cast/demo/?embed");
  assert.equal(await embed.locator("#volume").inputValue(), "90");
  await checkAccessibility(embed);
  await embed.locator("#play").click();
  await checkMeter(embed);
  const mark = "document.querySelector('audio').dataset.first = 'yes'";
  await embed.evaluate(`${mark}; meterContext.resume = async () => {}; meterContext.suspend()`);
  await until("it plays around the meter", async () => {
    return await embed.locator("audio").getAttribute("data-first") === null;
  });
  await hears(embed);
  await embed.close();
}

/** Whether players can start. */
async function isListed(server: EchoServer): Promise<boolean> {
  const response = await fetch(server.playlistUrl("demo"));
  await response.body?.cancel();
  return response.ok;
}
