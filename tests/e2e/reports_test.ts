/** What operators report of a show, after listeners on several threads, a kill and a restart. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { pressOn } from "../../testing/players/keyboard.ts";
import { checkAccessibility, PageVisits, SCREENS } from "../../testing/players/page_visits.ts";
import { until } from "../../testing/until.ts";

const TOKEN = "a-token-for-operators";
const AUTHORIZATION = { Authorization: `Bearer ${TOKEN}` };
const LISTENERS = 5;
/** What is written when the process dies may be so many seconds behind, and more where it is busy. */
const LOST_SECONDS = 10;
const BEGUN = ["-metadata", "title==A song", "-metadata", "artist=Band"];

interface Show {
  readonly name: string;
  readonly protocol: string;
  readonly end: string | null;
  readonly listener_seconds: number;
  readonly peak_listeners: number;
  readonly titles: readonly { readonly title: string; readonly artist: string }[];
}

scenario("a show is reported as it was listened to, also after a kill", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 10, times: 30, bitrate: "48k" });
  const env = { STAT_TOKEN: TOKEN, HLS_WEB_THREADS: "2", HLS_HOLD: "5" };
  await using server = await EchoServer.start({ env });
  await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"), ["-c", "copy", ...BEGUN]);
  const heard = await listened(server);
  assert.equal(heard.name, "demo");
  assert.deepEqual([heard.protocol, heard.end, heard.peak_listeners], ["rtmp", null, LISTENERS]);
  assert.deepEqual(heard.titles.map(({ title, artist }) => [title, artist]), [["=A song", "Band"]]);

  await server.stop("SIGKILL");
  await server.startAgain();
  const [first, ...others] = await reportOf(server);
  assert.deepEqual(others, []);
  assert.ok(first !== undefined && first.end !== null, "what was on air has ended");
  const lost = heard.listener_seconds - first.listener_seconds;
  assert.ok(lost <= LISTENERS * LOST_SECONDS, `${lost} listener seconds are lost`);
  assert.deepEqual(first.titles, heard.titles);

  await using _again = new Encoder(clip, server.rtmpUrl("live/demo"), ["-c", "copy"]);
  await until("the next show is reported", async () => (await reportOf(server)).length === 2);
  const origin = `http://127.0.0.1:${server.statPort}`;
  await using visits = await PageVisits.start(origin);
  const page = await visits.open("/");
  page.setDefaultTimeout(60_000);
  await page.locator("#token").fill(TOKEN);
  await page.keyboard.press("Enter");
  await page.waitForURL("/");
  await watch(page);
});

/** Has players listen until a report tells of all of them for a while. */
async function listened(server: EchoServer): Promise<Show> {
  const players = new AbortController();
  const { signal } = players;
  const listening = together(Array.from({ length: LISTENERS }), () => listen(server, signal));
  const show = await until("the report has them", async () => {
    const [show] = await reportOf(server);
    const isThere = Number(show?.listener_seconds) > LISTENERS * 20;
    return isThere && show?.peak_listeners === LISTENERS && show;
  });
  players.abort();
  await listening;
  return show;
}

/** Fetches each segment once, as players do. */
async function listen(server: EchoServer, signal: AbortSignal): Promise<void> {
  const fetched = new Set<string>();
  const url = server.playlistUrl("demo");
  while (!signal.aborted) {
    const playlist = await (await fetch(url)).text();
    const segments = playlist.match(/^\S+\.ts$/gm) ?? [];
    for (const segment of segments.filter((segment) => !fetched.has(segment))) {
      fetched.add(segment);
      await (await fetch(new URL(segment, url))).arrayBuffer();
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function reportOf(server: EchoServer): Promise<Show[]> {
  const url = `http://127.0.0.1:${server.statPort}/stat/1/reports`;
  const response = await fetch(url, { headers: AUTHORIZATION });
  assert.equal(response.status, 200);
  return (await response.json()).shows;
}

/** The dashboard shows the report, by the keyboard alone, and has it downloaded. */
async function watch(page: Page): Promise<void> {
  await page.setViewportSize(SCREENS.desktop);
  await page.getByText(/^Days in /).waitFor(); // until then it is a form like any other
  await pressOn(page, "#reports-form button", "Enter");
  const rows = page.locator("#reports tbody tr");
  await until("the table has both shows", async () => await rows.count() === 2);
  assert.match(await rows.last().innerText(), /^demo\s.*RTMP/s);
  assert.match(await page.locator("#reports-count").innerText(), /^2, \d+\.\d listener hours$/);
  await checkAccessibility(page);
  await page.setViewportSize(SCREENS.phone);
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  assert.equal(width, SCREENS.phone.width, "nothing is wider than a phone");
  await checkAccessibility(page);

  const table = await downloaded(page, "Titles (CSV)", "echo-titles.csv");
  assert.match(table, /^time,title,.*\r\n\S+Z,'=A song,Band,\d,\d+,demo,\r\n$/);
  const shows = await downloaded(page, "Shows (CSV)", "echo-shows.csv");
  assert.equal(shows.split("\r\n").length, 4);
  const { shows: told } = JSON.parse(await downloaded(page, "JSON", "echo-report.json"));
  assert.equal(told.length, 2);

  await page.locator("#reports-to").fill("2020-01-01");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await until("it says why not", async () => {
    return /from is not before to/.test(await page.locator("#reports-empty").innerText());
  });
}

async function downloaded(page: Page, link: string, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: link }).click(),
  ]);
  assert.equal(download.suggestedFilename(), name);
  // The mark of its encoding is gone.
  return new TextDecoder().decode(await Deno.readFile(await download.path()));
}
