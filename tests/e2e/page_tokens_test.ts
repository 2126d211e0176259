/** The listener page behind a token, in Chromium: low latency, titles and rewind keep the token. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { encode } from "uqr";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { PageVisits } from "../../testing/players/page_visits.ts";
import { moveBar, statusOf } from "../../testing/players/visited_show.ts";
import { Issuer, keySetOf } from "../../testing/tokens/issuer.ts";
import { ServedKeys } from "../../testing/tokens/served_keys.ts";
import { until } from "../../testing/until.ts";

const TITLE = "A song";
/** As `NEAREST_MS` of the page, and some more: what is newer is played live. */
const REWOUND_MS = 25_000;
const THREADS = ["0", "1", "2"];

scenario("behind a token the page has low latency, titles and rewind", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 10, times: 12 });
  const issuer = new Issuer();
  await using keys = new ServedKeys(keySetOf(issuer));
  const token = issuer.token([{ action: "listen", name: "demo" }]);
  await using stack = new AsyncDisposableStack();
  // Their shows grow at the same time.
  const servers = await together(THREADS, async (threads) => {
    const server = stack.use(
      await EchoServer.start({
        env: {
          ...{ HLS_AUTH: "jwt", ECHO_JWKS_URL: keys.url, HLS_WEB_THREADS: threads },
          HLS_REWIND: "all",
        },
      }),
    );
    const options = ["-metadata", `title=${TITLE}`, "-c", "copy"];
    stack.use(new Encoder(clip, server.rtmpUrl("live/demo"), options));
    return { server, threads };
  });
  for (const { server, threads } of servers) {
    await t.step(`with ${threads} threads`, async () => {
      await using visits = await PageVisits.start(`http://127.0.0.1:${server.hlsPort}`);
      const page = await visits.open("about:blank");
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      const own = `http://127.0.0.1:${server.hlsPort}/cast/~${token}/demo/`;
      const untilAsked = (what: string, pattern: RegExp) =>
        until(`it asks for ${what}`, () => asked.some((url) => pattern.test(url)));
      await page.goto(own);
      await page.locator("#play").click();
      await untilAsked("parts to come", /_HLS_part=/);
      await untilAsked("parts", /demo\/[^/]+\.m4s$/);
      await until("it shows the title", async () => {
        return await page.locator("#title").textContent() === TITLE;
      });
      const begin = await until("the show is long enough to be rewound", () => beginOf(page));
      await until("the bar is there", () => page.locator("#bar").isVisible());
      await moveBar(page, begin);
      await untilAsked("the show", /show\.m3u8$/);
      await untilAsked("what was", /demo\/show\/[^/]+\.m4s$/);
      await until("it plays what was", () => page.locator("#live").isVisible());
      await page.locator("#share").click();
      const link = await page.locator("#share-moment").inputValue();
      assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/cast\/demo\/\?t=[\d:TZ-]+$/);
      assert.equal(await page.locator("#share-link").inputValue(), link.replace(/\?.*/, ""));
      const { size } = encode(link.replace(/\?.*/, ""), { border: 4 });
      await page.locator(`#share-code svg[viewBox="0 0 ${size} ${size}"]`).waitFor();
      assert.equal(await page.locator("#share-dialog a").count(), 0);
      const others = asked.filter((url) => !url.startsWith(own));
      assert.deepEqual(others.filter((url) => !url.includes("/cast/~assets/")), []);
      assert.deepEqual(visits.complaints, []);
    });
  }
});

/** When the show began, once it is long enough; in milliseconds since the epoch. */
async function beginOf(page: Page): Promise<number | undefined> {
  const { rewind_from: from, now } = await statusOf(page);
  const begin = Date.parse(from ?? "");
  return Date.parse(now) - begin > REWOUND_MS ? begin : undefined;
}
