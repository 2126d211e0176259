/** The dashboard by keyboard alone: whatever an operator does with a pointer. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { assertAllReached, pressOn, tabTo } from "../../testing/players/keyboard.ts";
import { PageVisits, SCREENS } from "../../testing/players/page_visits.ts";
import { until } from "../../testing/until.ts";

const TOKEN = "a-token-of-operators";
const ALPHA = "#sessions tbody tr:has([aria-label='End alpha'])";

scenario("an operator needs nothing but the keyboard", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", {
    seconds: 10,
    times: 30,
    sampleRate: 24_000,
    layout: "mono",
  });
  await using server = await EchoServer.start({
    env: { STAT_TOKEN: TOKEN, ECHO_AUTH: "dj", ECHO_DJ_FILE: "djs" },
    files: { djs: `anna:${hashOfDjKey("annas-key")}:*\n` },
  });
  const urlOf = (name: string) => server.rtmpUrl(`live/${name}?user=anna&key=annas-key`);
  await using visits = await PageVisits.start(`http://127.0.0.1:${server.statPort}`);
  await using alpha = new Encoder(clip, urlOf("alpha"));
  await using _beta = new Encoder(clip, urlOf("beta"));

  const page = await visits.open("/");
  page.setDefaultTimeout(60_000);
  await page.setViewportSize(SCREENS.desktop);
  await page.keyboard.type(TOKEN);
  await page.keyboard.press("Enter");
  await until("both are recorded", async () => {
    return await page.locator("#recordings [aria-label^=Download]").count() === 2;
  });

  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "on-air", "the skip link leads to the sessions");
  await assertAllReached(page);
  await sort(page);
  await openRow(page);
  await copyKey(page);
  await listen(page);
  await lookElsewhere(page, visits);
  await endIt(page);
  await alpha.end();
  await deleteIt(page);
  await page.setViewportSize(SCREENS.phone);
  await assertAllReached(page);
  await pressOn(page, "#sign-out button", "Enter");
  await page.locator("#token").waitFor();
  // That the page to sign in is no success is what browsers call an error.
  assert.deepEqual(visits.complaints.filter((it) => !/\/(?:sign-in)?: .* 401/.test(it)), []);
});

async function sort(page: Page): Promise<void> {
  const titles = await page.locator("#sessions thead th").allInnerTexts();
  const header = (title: string) => {
    return `#sessions thead th:nth-child(${1 + titles.findIndex((it) => it.startsWith(title))})`;
  };
  const sortBy = async (title: string) => {
    await pressOn(page, `${header(title)} button`, "Enter");
    return await page.getAttribute(header(title), "aria-sort");
  };
  assert.equal(await sortBy("Name"), "ascending");
  await page.keyboard.press("Space");
  assert.deepEqual(await page.locator("#sessions .name").allInnerTexts(), ["beta", "alpha"]);
  assert.equal(await sortBy("Listeners"), "descending", "the most come first");
}

async function openRow(page: Page): Promise<void> {
  await pressOn(page, `${ALPHA} .name`, "Enter");
  await page.getByRole("group", { name: "Details of alpha" }).waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#sessions .details").count(), 0);
  assert.equal(await page.evaluate("document.activeElement.textContent"), "alpha");
  await page.keyboard.press("Space");
  await tabTo(page, "#sessions .details [role=region]");
}

/** From the open row, for a name of its own. */
async function copyKey(page: Page): Promise<void> {
  await pressOn(page, "#sessions .details .plain", "Enter");
  await page.locator("#publish-dj").waitFor();
  assert.equal(await page.locator("#publish-name").inputValue(), "alpha");
  assert.equal(await focused(page), "publish-name");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("gamma");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "publish-dj");
  await page.keyboard.press("a");
  assert.equal(await page.locator("#publish-dj").inputValue(), "anna");
  await page.keyboard.press("Home");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const copy = page.locator("#publish-settings button").first();
  await copy.waitFor();
  await pressOn(page, "#publish-settings button", "Enter");
  await until("the text is taken", async () => /^(Copied|Selected)$/.test(await copy.innerText()));
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#publish").isVisible(), false);
  assert.match(await page.evaluate("document.activeElement.textContent"), /^What to type/);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#sessions .details").count(), 0);
}

async function listen(page: Page): Promise<void> {
  await pressOn(page, `${ALPHA} .listen`, "Enter");
  await until("it is heard", async () => {
    return await page.locator("#player-title").innerText() === "alpha, on air";
  });
  await tabTo(page, "#player audio");
  await pressOn(page, "#player-close", "Enter");
  assert.equal(await page.locator("#player").isVisible(), false);
}

/** The alarm, the listeners' page, and what has happened to one show. */
async function lookElsewhere(page: Page, visits: PageVisits): Promise<void> {
  const alarm = () => page.getAttribute("#sound", "aria-pressed");
  await pressOn(page, "#sound", "Enter");
  assert.equal(await alarm(), "true");
  await page.keyboard.press("Space");
  assert.equal(await alarm(), "false");

  const opened = page.context().waitForEvent("page");
  await pressOn(page, `${ALPHA} a`, "Enter");
  const listeners = await opened;
  await listeners.waitForURL("**/cast/alpha/");
  await listeners.close();
  // Listeners are served at another port than operators.
  visits.complaints.splice(0);

  await tabTo(page, "#log-filter input");
  await page.keyboard.type("bet");
  const names = await page.locator("#log li:visible").allInnerTexts();
  assert.ok(names.length > 0 && names.every((text) => text.includes("beta")), names.join());
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.press("Delete");
  await tabTo(page, "#events .log");
}

/** On second thought. */
async function endIt(page: Page): Promise<void> {
  await pressOn(page, `${ALPHA} .danger`, "Enter");
  await page.locator("#confirm").waitFor();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#confirm").isVisible(), false, "Enter alone ends nothing");
  await page.keyboard.press("Enter");
  await pressOn(page, "#confirm-yes", "Enter");
  await until("alpha is over", async () => {
    return (await page.locator("#sessions .name").allInnerTexts()).join() === "beta";
  });
}

async function deleteIt(page: Page): Promise<void> {
  const remove = "#recordings [aria-label^='Delete alpha']";
  await page.locator(remove).waitFor();
  await pressOn(page, "#recordings [aria-label^='Play alpha']", "Enter");
  await until("it plays", () => {
    return page.evaluate<boolean>("document.querySelector('#player audio').currentTime > 0.2");
  });
  const download = page.waitForEvent("download");
  await pressOn(page, "#recordings [aria-label^='Download alpha']", "Enter");
  assert.equal((await download).suggestedFilename(), "alpha.mp4");
  await pressOn(page, remove, "Enter");
  await pressOn(page, "#confirm-yes", "Enter");
  await page.locator(remove).waitFor({ state: "detached" });
}

/** The id of what has the focus. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate<string>("document.activeElement.id");
}
