/**
 * A title is shown once, when its audio is heard, by what the media tell of it: by date ranges of the
 * playlist and by messages in parts, each alone.
 */
import assert from "node:assert/strict";
import type { Page, Route } from "playwright-core";
import { ask, type Grant, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { PageVisits } from "../../testing/players/page_visits.ts";
import { until } from "../../testing/until.ts";

const SONGS = [
  { title: 'Über "allen" Gipfeln 😀', artist: "Band" },
  { title: "Second", artist: "Other band" },
];
const MOST_LATE_MS = 300;

/** What a page is kept from, so that it knows titles by one thing alone. */
const LEFT_OUT = {
  "date ranges": { files: "**/*.m4s", change: withoutMessages },
  "messages": { files: "**/low-media.m3u8*", change: withoutDateRanges },
};

/** Notes what plays, and how long the page was kept from running, whenever another title is shown. */
const WATCH = `
  globalThis.shown = [];
  let lookedAt = performance.now();
  let keptMs = 0;
  setInterval(() => {
    const now = performance.now();
    keptMs = Math.max(0, now - lookedAt - 40);
    lookedAt = now;
  }, 20);
  const heading = document.getElementById("title");
  new MutationObserver(() => {
    const kept = Math.max(keptMs, performance.now() - lookedAt - 40);
    shown.push([heading.textContent, playing?.playingDate?.getTime(), kept]);
  }).observe(heading, { childList: true, characterData: true, subtree: true });
`;

/** Put into hls.js where the page asks it what plays: keeps it. */
const SPY = "globalThis.playing = this";

scenario("what the media tell of titles is shown once, when it is heard", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 10, times: 12 });
  await using server = await EchoServer.start();
  await using visits = await PageVisits.start(`http://127.0.0.1:${server.hlsPort}`);
  const control = `127.0.0.1:${server.controlPort}`;
  const grant = await reserve(control, "demo", { protocol: "rtmp" });
  await using _encoder = new Encoder(clip, server.rtmpUrl(`demo/${grant.key}`));
  const page = await visits.open("/cast/demo/");
  await until("there is low latency", async () => (await status(page)).low_latency);
  await page.close();

  const pages = await together(Object.entries(LEFT_OUT), async ([by, { files, change }]) => {
    const page = await visits.open("about:blank");
    await page.route("**/cast/demo/status.json", withoutTitles);
    await page.route("**/hls.mjs", spiedOn);
    await page.route(files, change);
    await page.addInitScript("globalThis.playing = undefined");
    await page.goto("/cast/demo/");
    await page.evaluate(WATCH);
    await page.locator("#play").click();
    await until(`${by}: it plays`, async () => {
      return await page.getAttribute("main", "data-phase") === "playing";
    });
    return { by, page };
  });
  for (const song of SONGS) {
    const at = await tell(control, grant, song, () => statusOf(server));
    await together(pages, async ({ by, page }) => {
      const heading = page.locator("#title");
      await until(
        `${by}: ${song.title}`,
        async () => same(await heading.textContent(), song.title),
      );
      const shown = await page.evaluate<[string, number, number][]>("shown");
      const [, playedAt = NaN, keptMs = 0] = shown.findLast(([title]) => same(title, song.title)) ??
        [];
      console.log(`by ${by}: shown ${Math.round(playedAt - at)} ms after its audio is heard`);
      assert.ok(playedAt - at >= -MOST_LATE_MS && playedAt - at - keptMs <= MOST_LATE_MS);
    });
  }
  await together(pages, async ({ by, page }) => {
    const shown = await page.evaluate<[string][]>("shown");
    assert.deepEqual(
      shown.map(([title]) => plain(title)),
      SONGS.map(({ title }) => plain(title)),
      by,
    );
  });
  const exact = pages.find(({ by }) => by === "messages");
  const played = await exact?.page.locator("#played li p").allTextContents();
  assert.deepEqual(played, [`${SONGS[0]?.title}${SONGS[0]?.artist}`]);
  assert.deepEqual(visits.complaints, []);
});

/** Tells a title. @returns when its audio is heard, by the playlist's wall time */
async function tell(
  control: string,
  { cookie }: Grant,
  body: (typeof SONGS)[number],
  status: () => Promise<{ titles: readonly { title: string; at: string }[] }>,
): Promise<number> {
  await ask(control, { method: "PUT", path: "metadata", body, headers: cookie });
  return await until(`the server has ${body.title}`, async () => {
    const last = (await status()).titles.at(-1);
    return last?.title === body.title && Date.parse(last.at);
  });
}

async function statusOf(server: EchoServer) {
  return await (await fetch(`http://127.0.0.1:${server.hlsPort}/cast/demo/status.json`)).json();
}

async function status(page: Page): Promise<{ low_latency: boolean }> {
  return await page.evaluate("fetch('status.json').then((response) => response.json())");
}

async function withoutTitles(route: Route): Promise<void> {
  const response = await route.fetch();
  const status = await response.json();
  await route.fulfill({ response, json: { ...status, title: null, artist: null, titles: [] } });
}

async function withoutDateRanges(route: Route): Promise<void> {
  const response = await route.fetch();
  const body = (await response.text()).replaceAll(/#EXT-X-DATERANGE.*\n/g, "");
  await route.fulfill({ response, body });
}

/** Their scheme is another one, of the same length. */
async function withoutMessages(route: Route): Promise<void> {
  const response = await route.fetch();
  const text = (await response.body()).toString("latin1");
  await route.fulfill({
    response,
    body: Buffer.from(text.replaceAll("/emsg/ID3", "/none/ID3"), "latin1"),
  });
}

async function spiedOn(route: Route): Promise<void> {
  const response = await route.fetch();
  const script = await response.text();
  const getter = "get playingDate(){";
  assert.ok(script.includes(getter));
  await route.fulfill({ response, body: script.replace(getter, `${getter}${SPY};`) });
}

function same(a: string | null, b: string): boolean {
  return plain(a ?? "") === plain(b);
}

/** A playlist cannot tell quotes. */
function plain(text: string): string {
  return text.replaceAll('"', "'");
}
