/**
 * While a fallback is heard, everybody is told the same of it: operators that the DJ is silent or gone,
 * listeners that the show goes on.
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { ShowStatus } from "../../src/pages/listener/shows.ts";
import { speech, together, zeros } from "../../testing/audio/programmes.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { askStat, metricsOf } from "../../testing/e2e/stat_request.ts";
import { HookReceiver } from "../../testing/hook/hook_receiver.ts";
import { FfmpegSource } from "../../testing/icecast/sources.ts";
import { PageVisits, SCREENS } from "../../testing/players/page_visits.ts";
import { until } from "../../testing/until.ts";

const RATE = 32_000;
const SOUND = { rate: RATE, levelDb: -23 };
const TOLD = /^(?:create|pause|resume|dead-air|sound|fallback-start|fallback-end)$/;

scenario(
  "a silent DJ and one who is gone are told alike everywhere, but to listeners",
  async () => {
    await using media = await Media.create();
    const falls = together(
      speech({ ...SOUND, seconds: 6 }),
      zeros({ rate: RATE, seconds: 120 }),
    );
    const silent = await media.programme("silent", falls, RATE);
    const well = await media.programme("well", speech({ ...SOUND, seconds: 120 }), RATE);
    const fallback = await media.programme("fallback", speech({ ...SOUND, seconds: 5 }), RATE);
    await using hooks = await HookReceiver.start();
    await using server = await EchoServer.start({
      env: {
        ...{ ...hooks.env, ICECAST_ENABLED: "1", HLS_WEB_INDEX: "1" },
        ...{ DEAD_AIR_AFTER: "2", FALLBACK_FILE: fallback },
      },
    });
    await server.line(/Icecast listens on/);
    await using visits = await PageVisits.start(`http://127.0.0.1:${server.statPort}`);
    const dashboard = await visits.open("/");
    dashboard.setDefaultTimeout(60_000);
    await dashboard.setViewportSize(SCREENS.desktop);
    const place = { port: server.icecastPort, name: "demo", password: "sesame" };

    await using first = new FfmpegSource(silent, place);
    await using listener = new ListenerView(server);
    await until("the show is on", () => listener.last === ON_AIR);
    listener.forget();

    await server.line(/fallback is heard/);
    await showsFallback(dashboard, /^demo plays its fallback: its DJ has had no sound for /);
    const deadAir = await infoOf(server);
    assert.match(String(deadAir["fallback_since"]), /^\d{4}-.*Z$/);
    assert.match(String(deadAir["dead_air_since"]), /^\d{4}-.*Z$/);
    assert.match(await metricsOf(server), /^echo_fallback_sessions 1$/m);
    await first.stop("SIGKILL");
    await showsFallback(dashboard, /^demo plays its fallback: it has lost its DJ, /);
    const gone = await infoOf(server);
    assert.equal(gone["fallback_since"], deadAir["fallback_since"]);

    await using second = new FfmpegSource(well, place);
    await server.line(/heard again instead of its fallback/);
    await until("the dashboard shows that all is well", async () => {
      return /^on air/.test(await stateOf(dashboard));
    });
    assert.equal(await dashboard.locator("#troubles li", { hasText: "demo" }).count(), 0);
    assert.equal("fallback_since" in await infoOf(server), false);

    // From the loss to the fallback nothing else is told either.
    await second.stop("SIGKILL");
    await until("it is told again", () => count(hooks, "fallback-start") === 2);
    await listener.untilLooked();
    assert.deepEqual([...listener.seen], [ON_AIR]);
    assert.deepEqual(told(hooks), [
      ...["create", "dead-air", "fallback-start dead-air", "pause", "resume", "sound"],
      ...["fallback-end dead-air live", "pause", "fallback-start gone"],
    ]);
    assert.deepEqual(visits.complaints, []);
  },
);

/** What a listener is told while the show can be heard: page, index, and Icecast's status. */
const ON_AIR = "on-air, on-air, /demo";

/** Looks again and again at all that listeners are told. */
class ListenerView implements AsyncDisposable {
  /** What was told so far. */
  readonly seen = new Set<string>();
  last = "";
  readonly #server: EchoServer;
  readonly #watching: Promise<void>;
  #looks = 0;
  #isOver = false;

  constructor(server: EchoServer) {
    this.#server = server;
    this.#watching = this.#watch();
  }

  /** What was told before does not count. */
  forget(): void {
    this.seen.clear();
  }

  /** Waits until it has looked at all of it since now. */
  async untilLooked(): Promise<void> {
    const looks = this.#looks;
    await until("it has looked", () => this.#looks > looks + 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { hlsPort, icecastPort } = this.#server;
    while (!this.#isOver) {
      const origin = `http://127.0.0.1:${hlsPort}`;
      const status = await json<ShowStatus>(`${origin}/cast/demo/status.json`);
      const { shows } = await json<{ shows: ShowStatus[] }>(`${origin}/index.json`);
      const url = `http://127.0.0.1:${icecastPort}/status-json.xsl`;
      const { icestats } = await json<{ icestats: { source?: { listenurl: string } } }>(url);
      const mount = /\/demo$/.exec(icestats.source?.listenurl ?? "")?.[0];
      this.last = [status.state, shows[0]?.state, mount].join(", ");
      this.seen.add(this.last);
      this.#looks++;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

const LOOK_MS = 100;

async function json<T>(url: string): Promise<T> {
  return await (await fetch(url)).json();
}

/** The lamp in the row, and the line of the band. */
async function showsFallback(page: Page, text: RegExp): Promise<void> {
  await until(`the band says ${text}`, async () => {
    const lines = page.locator("#troubles li", { hasText: "EchoFallback" });
    const [line = ""] = await lines.allInnerTexts();
    return text.test(line.replaceAll(/\s+/g, " ").trim());
  });
  assert.match(await stateOf(page), /^fallback/);
}

async function stateOf(page: Page): Promise<string> {
  return (await page.locator("#sessions tbody td.state").allInnerTexts()).join();
}

/** What statistics tell of the one session that there is. */
async function infoOf(server: EchoServer): Promise<Record<string, unknown>> {
  const [, ids] = await askStat(server, "/stat/1/sessions");
  const [, info] = await askStat(server, `/stat/1/sessions/${Object(ids)[0]}`);
  return Object(info);
}

/** The events that tell of DJ and fallback, with what they say of the fallback. */
function told({ events }: HookReceiver): string[] {
  return events.filter(({ type }) => TOLD.test(type)).map(({ type, data: { why, end } }) => {
    return [type, why, end].filter((text) => text !== undefined).join(" ");
  });
}

function count({ events }: HookReceiver, type: string): number {
  return events.filter((event) => event.type === type).length;
}
