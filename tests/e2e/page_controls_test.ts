/** The listener page from the lock screen, and in a browser that plays HLS by itself. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { PageVisits, takeScreenshots } from "../../testing/players/page_visits.ts";
import { VisitedShow } from "../../testing/players/visited_show.ts";
import { until } from "../../testing/until.ts";

/** Keeps what the page would do for the lock screen, so that a test can press its buttons. */
const LOCK_SCREEN = `
  globalThis.lockScreen = {};
  navigator.mediaSession.setActionHandler = (name, handle) => lockScreen[name] = handle;
`;

/** Sends the picture of `demo`, and says what it was asked with. */
class Pictures implements AsyncDisposable {
  readonly referrers: (string | null)[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      this.referrers.push(request.headers.get("Referer"));
      const isThere = new URL(request.url).pathname === "/demo.svg";
      const headers = { "Content-Type": "image/svg+xml" };
      return new Response(isThere ? PICTURE : null, { status: isThere ? 200 : 404, headers });
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`;

scenario("the page and the lock screen show a show's picture, where it can be had", async () => {
  await using pictures = new Pictures();
  const env = { ARTWORK_URL: `${pictures.origin}/{name}.svg` };
  await using server = await EchoServer.start({ env });
  const origin = `http://127.0.0.1:${server.hlsPort}`;
  await using visits = await PageVisits.start(origin, { others: [pictures.origin] });
  const shown = (page: Page) =>
    page.evaluate<string>("navigator.mediaSession.metadata.artwork[0].src");

  const page = await visits.open("/cast/demo/");
  await page.locator("#artwork").waitFor();
  assert.equal(await shown(page), `${pictures.origin}/demo.svg`);
  assert.deepEqual(visits.complaints, []);

  const without = await visits.open("/cast/other/");
  await until("the browser has no picture", () => visits.complaints.length > 0);
  assert.equal(await without.locator("#artwork").isVisible(), false);
  assert.match(await shown(without), /\/icon\.png$/);
  assert.match(visits.complaints.join(), /^[^,]*\/cast\/other\/: Failed to load resource[^,]*$/);
  assert.deepEqual(new Set(pictures.referrers), new Set([null]));
});

scenario("pause and play of the lock screen come back to live", async () => {
  await using show = await VisitedShow.start(120);
  const { page, visits } = show;
  await page.addInitScript(LOCK_SCREEN);
  await page.goto("/cast/demo/");
  await page.locator("#play").click();
  await until("it plays in low latency", () => playsFrom(page, "low-media.m3u8"));
  const { title, artist, artwork } = await page.evaluate<MediaMetadataInit>(`(() => {
    const { title, artist, artwork } = navigator.mediaSession.metadata;
    return { title, artist, artwork: artwork.map(({ src, sizes, type }) => ({ src, sizes, type })) };
  })()`);
  assert.deepEqual([title, artist], ["demo", "Live"]);
  const [picture] = artwork ?? [];
  assert.deepEqual([picture?.sizes, picture?.type], ["512x512", "image/png"]);
  const response = await fetch(picture?.src ?? "");
  await response.body?.cancel();
  assert.equal(response.headers.get("Content-Type"), "image/png");

  await page.evaluate("lockScreen.pause()");
  assert.equal(await page.getAttribute("main", "data-phase"), "paused");
  assert.equal(await page.evaluate("navigator.mediaSession.playbackState"), "paused");
  await takeScreenshots(page, "listener-paused");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const polls = () => asked.filter((path) => path.endsWith("status.json")).length;
  await until("the page is up to date", () => polls() > 4);
  assert.deepEqual(asked.filter((path) => !path.endsWith("status.json")), [], "it loads nothing");

  await page.evaluate("lockScreen.play()");
  await until("it plays", () => playsFrom(page, "low-media.m3u8"));
  await until("it is live", async () => {
    const behind = await page.locator("#behind").textContent() ?? "";
    return /^\d s behind live$/.test(behind);
  });
  assert.equal(await page.evaluate("navigator.mediaSession.playbackState"), "playing");
  assert.deepEqual(visits.complaints, []);
});

scenario("a browser without Media Source Extensions plays by itself", async () => {
  await using show = await VisitedShow.start(120);
  const { page, visits } = show;
  await page.addInitScript("delete globalThis.MediaSource");
  await show.openInLowLatency();
  await page.locator("#play").click();
  await until("it plays", () => playsFrom(page, "low-media.m3u8"));
  assert.match(
    await page.evaluate("document.querySelector('audio').src"),
    /\/cast\/demo\/low\.m3u8$/,
  );
  assert.deepEqual(visits.complaints, []);
});

/** Whether it plays, and has asked for `playlist`. */
async function playsFrom(page: Page, playlist: string): Promise<boolean> {
  const isAsked = await page.evaluate<boolean>(`performance.getEntriesByType("resource")
    .some(({ name }) => new URL(name).pathname.endsWith("/${playlist}"))`);
  return isAsked && await page.getAttribute("main", "data-phase") === "playing";
}
