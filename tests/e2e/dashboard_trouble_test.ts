/** The dashboard when something is wrong: an operator finds it, and why, by keyboard alone. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { checkAccessibility, PageVisits, SCREENS } from "../../testing/players/page_visits.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

const NARROW = { width: 320, height: 640 };

scenario(
  "an operator sees who has lost his DJ, and why, and plots outlive a restart",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", {
      seconds: 10,
      times: 30,
      sampleRate: 24_000,
      layout: "mono",
    });
    await using server = await EchoServer.start({ env: { HLS_HOLD: "120" } });
    await using visits = await PageVisits.start(`http://127.0.0.1:${server.statPort}`);
    const page = await visits.open("/");
    page.setDefaultTimeout(60_000);
    await page.setViewportSize(SCREENS.desktop);
    await switchAlarmOn(page);

    await using _alpha = new Encoder(clip, server.rtmpUrl("live/alpha"));
    await using beta = new Encoder(clip, server.rtmpUrl("live/beta"));
    await until("both are on air, by name", async () => {
      const rows = [await stateOf(page), await namesIn(page)].join();
      return rows === "on air,on air,alpha,beta";
    });
    beta.kill("SIGKILL");
    await findTrouble(page);
    await closeIt(page);

    await page.setViewportSize(NARROW);
    await until("events come first", () => page.evaluate<boolean>(EVENTS_COME_FIRST));
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), NARROW.width);
    await page.setViewportSize(SCREENS.desktop);
    await until(
      "sessions come first",
      async () => !await page.evaluate<boolean>(EVENTS_COME_FIRST),
    );

    await outliveRestart(page, server);
    const complaints = visits.complaints.filter((it) => !/ERR_(?:CONNECTION|INCOMPLETE)/.test(it));
    assert.deepEqual(complaints, []);
  },
);

/** The alarm sounds once as it is switched on. */
async function switchAlarmOn(page: Page): Promise<void> {
  await page.evaluate(COUNT_TONES);
  await page.locator("#sound").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#sound").getAttribute("aria-pressed"), "true");
  assert.equal(await page.evaluate("localStorage.getItem('echo-alarm')"), "on");
  assert.equal(await page.evaluate("tones"), 2);
}

const COUNT_TONES = `globalThis.tones = 0;
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (when) { tones++; start.call(this, when); };`;

const EVENTS_COME_FIRST = `!!(document.querySelector("#events")
  .compareDocumentPosition(document.querySelector("#sessions")) & Node.DOCUMENT_POSITION_FOLLOWING)`;

/** The band leads to the row, which stands above all that are well. */
async function findTrouble(page: Page): Promise<void> {
  const line = page.locator("#troubles li", { hasText: "EchoPaused" });
  await until("the band tells of it", async () => {
    const [text] = await line.allInnerTexts();
    return text !== undefined &&
      /^beta\s+has lost its DJ: the connection is gone/.test(text.trim());
  });
  assert.ok(await page.evaluate<number>("tones") >= 4, "the alarm has sounded");
  assert.match(await page.title(), /^\(\d+\) .+ – Echo – 127\.0\.0\.1$/);
  assert.deepEqual(await namesIn(page), ["beta", "alpha"]);

  await line.getByRole("button").focus();
  await page.keyboard.press("Enter");
  const details = page.getByRole("group", { name: "Details of beta" });
  await until("its facts are there", async () => {
    const [text = ""] = await details.allInnerTexts();
    return [/AAC-LC/, /24,000 Hz/, /mono/, /Lavf/, /paused: /].every((fact) => fact.test(text));
  });
  assert.equal(await page.evaluate("document.activeElement.textContent"), "beta");
  await checkAccessibility(page);
}

async function closeIt(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#sessions .details").count(), 0);
  const focused = "document.activeElement.getAttribute('aria-expanded')";
  assert.equal(await page.evaluate(focused), "false", "the name has the focus again");
}

async function outliveRestart(page: Page, server: EchoServer): Promise<void> {
  const points = async () => Number(await page.locator("#plots").getAttribute("data-points"));
  await until("there are plots", async () => await points() >= 2);
  const before = await points();
  await server.stop("SIGTERM");
  await page.locator("#troubles", { hasText: "Echo does not answer" }).waitFor();
  await server.startAgain();
  await until("it is connected again", async () => {
    return await page.locator("#connection").getAttribute("data-state") === "live";
  });
  await until("the plots go on", async () => await points() >= before);
  assert.match(await page.title(), /^(?!.*does not answer)/);
}

async function namesIn(page: Page): Promise<string[]> {
  return await page.locator("#sessions .name").allInnerTexts();
}

async function stateOf(page: Page): Promise<string[]> {
  return await page.locator("#sessions tbody td.state").allInnerTexts();
}
