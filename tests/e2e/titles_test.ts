/** Titles of an encoder and of a client, from where they come in to a listener who hears them. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import type { ShowStatus } from "../../src/pages/listener/shows.ts";
import type { SessionInfo } from "../../src/stat/statistics/session_info.ts";
import { Child } from "../../testing/child.ts";
import { ask, type Grant, reason, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { askStat } from "../../testing/e2e/stat_request.ts";
import { HookReceiver } from "../../testing/hook/hook_receiver.ts";
import {
  checkAccessibility,
  PageVisits,
  takeScreenshots,
} from "../../testing/players/page_visits.ts";
import { until } from "../../testing/until.ts";

const CLIP = fileURLToPath(new URL("../../scripts/echo-client/clip.aac", import.meta.url));

const SHOW = 'Évening "show" <b>1</b>';
const SONGS = [
  { title: "Über allen Gipfeln 😀", artist: "Band\r\nof\u0000brothers" },
  { title: "Second <script>alert(1)</script>", artist: "'DJ' & \"friends\"" },
];
const CLEAN = [
  [SONGS[0]?.title, "Band of brothers"],
  [SONGS[1]?.title, SONGS[1]?.artist],
];

/** Notes what plays, by the playlist's wall time, whenever the page shows another title. */
const WATCH = `
  globalThis.shown = [];
  const heading = document.getElementById("title");
  new MutationObserver(() => {
    shown.push([heading.textContent, playing?.playingDate?.getTime()]);
  }).observe(heading, { childList: true, characterData: true, subtree: true });
`;

/** Put into hls.js where the page asks it what plays: keeps it, and the ID3 tags that it finds. */
const SPY = `if (globalThis.playing !== this) {
  globalThis.playing = this;
  globalThis.tags = [];
  this.on("hlsFragParsingMetadata", (_, { samples }) => {
    tags.push(...samples.map(({ data }) => new TextDecoder().decode(data)));
  });
}`;

scenario("a title is told to everybody, and shown when its audio is heard", async () => {
  await using hooks = await HookReceiver.start();
  await using server = await EchoServer.start({ env: { ...hooks.env, HLS_ID3: "1" } });
  const origin = `http://127.0.0.1:${server.hlsPort}`;
  const control = `127.0.0.1:${server.controlPort}`;
  await using visits = await PageVisits.start(origin);
  const status = async (): Promise<ShowStatus> => {
    return await (await fetch(`${origin}/cast/demo/status.json`)).json();
  };
  const untilTold = (title: string | undefined) =>
    until(`the status has ${title}`, async () => {
      const told = await status();
      return told.title === title && told;
    });

  const page = await visits.open("about:blank");
  await page.route("**/hls.mjs", async (route) => {
    const response = await route.fetch();
    const script = await response.text();
    const getter = "get playingDate(){";
    assert.ok(script.includes(getter));
    const body = script.replace(getter, `${getter}${SPY};`);
    await route.fulfill({ response, body });
  });
  await page.addInitScript("globalThis.playing = undefined");
  await page.goto("/cast/demo/");
  await page.evaluate(WATCH);
  await page.locator("#play").click();

  const grant = await reserve(control, "demo", { protocol: "rtmp" });
  await using first = publish(server, grant);
  await untilTold(SHOW);
  await untilShown(page, SHOW);
  await until("it plays", async () => await page.getAttribute("main", "data-phase") === "playing");

  for (const [i, body] of SONGS.entries()) {
    const request = { method: "PUT", path: "metadata", body, headers: grant.cookie };
    assert.deepEqual(await ask(control, request), {
      status: 200,
      body: { metadata: { name: "demo" } },
    });
    const { titles = [], artist } = await untilTold(body.title);
    assert.deepEqual([body.title, artist], CLEAN[i]);
    await untilShown(page, body.title);
    const shown = await page.evaluate<[string, number][]>("shown");
    const [, playedAt = NaN] = shown.findLast(([title]) => title === body.title) ?? [];
    const lateMs = playedAt - Date.parse(titles.at(-1)?.at ?? "");
    console.log(`shown ${Math.round(lateMs)} ms after its audio is heard`);
    assert.ok(lateMs >= 0, `${lateMs} ms`);
    assert.equal(shown.filter(([title]) => title === body.title).length, 1, "once");
  }
  assert.equal(await page.locator("#artist").textContent(), SONGS[1]?.artist);
  await page.locator("#played summary").click();
  const played = await page.locator("#played li p").allTextContents();
  assert.deepEqual(played, [CLEAN[0]?.join(""), `${SHOW}DJ Ána`]);
  await checkAccessibility(page);
  await page.locator("#played li").last().scrollIntoViewIfNeeded();
  await takeScreenshots(page, "listener-titles");
  const tags = await page.evaluate<string[]>("tags");
  assert.ok(tags.some((tag) => tag.includes(`${SONGS[1]?.title}`)), tags.join());
  const [ids] = (await askStat(server, "/stat/1/sessions")).slice(1) as [number[]];
  const [, info] = await askStat(server, `/stat/1/sessions/${ids[0]}`);
  assert.deepEqual([(info as SessionInfo).title, (info as SessionInfo).artist], CLEAN[1]);

  // The encoder comes back and repeats its title, which is no news.
  await first.stop("SIGKILL");
  await until("the DJ is away", async () => (await status()).state === "reconnecting");
  assert.equal((await status()).title, SONGS[1]?.title);
  await using second = publish(server, grant);
  await until("the DJ is back", async () => (await status()).state === "on-air");
  const { titles } = await status();
  assert.deepEqual(titles?.map(({ title }) => title), [SHOW, ...SONGS.map(({ title }) => title)]);
  await until("hooks have come", () => titlesOf(hooks).length >= 3);
  assert.deepEqual(titlesOf(hooks), [[SHOW, "DJ Ána"], ...CLEAN]);

  await second.stop("SIGKILL");
  await ask(control, {
    method: "PUT",
    path: "teardown",
    body: reason(0, ""),
    headers: grant.cookie,
  });
  await until("the show is over", async () => (await status()).state === "off-air");
  const next = await reserve(control, "demo", { protocol: "rtmp" });
  await using _third = publish(server, next, []);
  await until("the next show is on", async () => (await status()).state === "on-air");
  assert.deepEqual([(await status()).title, (await status()).titles], [null, []]);
  assert.deepEqual(visits.complaints, []);
});

/** A DJ who goes on until stopped. */
function publish(
  server: EchoServer,
  { key }: Grant,
  metadata = ["-metadata", `title=${SHOW}`, "-metadata", "artist=DJ Ána"],
): Child {
  return new Child("ffmpeg", [
    ...["-hide_banner", "-nostdin", "-v", "error"],
    ...["-re", "-stream_loop", "-1", "-i", CLIP, ...metadata, "-c", "copy", "-f", "flv"],
    server.rtmpUrl(`demo/${key}`),
  ]);
}

async function untilShown(page: Page, title: string): Promise<void> {
  const heading = page.locator("#title");
  await until(`the page shows ${title}`, async () => await heading.textContent() === title);
}

function titlesOf({ events }: HookReceiver): unknown[][] {
  return events.filter(({ type }) => type === "metadata").map((
    { data },
  ) => [data.title, data.artist]);
}
