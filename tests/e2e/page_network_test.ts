/** The listener page where the network does not carry low latency, and where it does again. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { scenario } from "../../testing/e2e/scenario.ts";
import { checkAccessibility, takeScreenshots } from "../../testing/players/page_visits.ts";
import { VisitedShow } from "../../testing/players/visited_show.ts";
import { until } from "../../testing/until.ts";

/** Longer than what is loaded in low latency lasts, and shorter than in the ordinary playlist. */
const DELAY_MS = 2500;

scenario("the page plays what the network carries, and goes live again", async () => {
  await using show = await VisitedShow.start(240);
  const { page, visits } = show;
  // A minute is long for a test.
  await page.route("**/low_latency_trial.js", async (route) => {
    const response = await route.fetch();
    const script = await response.text();
    assert.ok(script.includes("const SMOOTH_MS = 60_000;"));
    const body = script
      .replace("const SMOOTH_MS = 60_000;", "const SMOOTH_MS = 5000;")
      // What a busy machine takes says nothing of the network.
      .replace("const SLOW_MS = 400;", "const SLOW_MS = Infinity;");
    await route.fulfill({ response, body });
  });
  await page.goto("/cast/demo/");
  await page.locator("#play").click();
  await plays(page, "low-media.m3u8");
  assert.equal(await page.locator("#live").isVisible(), false);

  let isSlow = true;
  await page.route("**/*.m4s", async (route) => {
    if (isSlow) await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
    // The page may have gone on to something else.
    await route.continue().catch(() => {});
  });
  await plays(page, "playlist.m3u8");
  await until("the way back is offered", () => page.locator("#live").isVisible());
  assert.match(await page.locator("#behind").textContent() ?? "", /^\d+ s behind live$/);
  await checkAccessibility(page);
  await takeScreenshots(page, "listener-ordinary");

  isSlow = false;
  await plays(page, "low-media.m3u8");
  isSlow = true;
  await plays(page, "playlist.m3u8");
  isSlow = false;
  await page.locator("#live").click();
  await plays(page, "low-media.m3u8");
  await until("it is live again", () => page.locator("#live").isHidden());
  assert.deepEqual(visits.complaints, []);
});

scenario(
  "where the server has no room for low latency the page plays the ordinary playlist at once",
  async () => {
    await using show = await VisitedShow.start(120);
    const { page } = show;
    let refused = 0;
    await page.route("**/low.m3u8", async (route) => {
      refused++;
      await route.fulfill({ status: 503, headers: { "Retry-After": "5" }, body: "{}" });
    });
    await show.openInLowLatency();
    await page.locator("#play").click();
    await plays(page, "playlist.m3u8");
    assert.equal(refused, 1, "it does not insist");
  },
);

scenario(
  "where a show loses its place in low latency the page plays the ordinary playlist",
  async () => {
    await using show = await VisitedShow.start(120);
    const { page } = show;
    await show.openInLowLatency();
    await page.locator("#play").click();
    await plays(page, "low-media.m3u8");
    let refused = 0;
    await page.route(/\/low(-media)?\.m3u8/, async (route) => {
      refused++;
      await route.fulfill({ status: 503, headers: { "Retry-After": "5" }, body: "{}" });
    });
    await plays(page, "playlist.m3u8");
    assert.ok(refused < 10, `it asked ${refused} times`);
  },
);

/** Waits until it plays by `playlist`, which it asks for anew from now on. */
async function plays(page: Page, playlist: string): Promise<void> {
  await page.waitForRequest(
    (request) => new URL(request.url()).pathname.endsWith(`/${playlist}`),
    { timeout: 60_000 },
  );
  await until(`it plays ${playlist}`, async () => {
    return await page.getAttribute("main", "data-phase") === "playing";
  });
}
