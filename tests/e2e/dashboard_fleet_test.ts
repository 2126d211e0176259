/**
 * The dashboard of a box that is one of several, in Chromium: all boxes, what is on air on the others,
 * and how one drains. The other boxes are pretended.
 */
import assert from "node:assert/strict";
import { Hono } from "hono";
import type { Page } from "playwright-core";
import type { BoxState, KnownBox } from "../../src/fleet/registry.ts";
import { dashboardRoutes } from "../../src/pages/dashboard/routes.ts";
import { systemClock } from "../../src/session/clock.ts";
import { EventBus } from "../../src/session/events.ts";
import type { BoxReport } from "../../src/stat/fleet/box_report.ts";
import { boxRoutes } from "../../src/stat/fleet/box_routes.ts";
import { FleetReporter } from "../../src/stat/fleet/fleet_reporter.ts";
import { fleetStatRoutes } from "../../src/stat/fleet/routes.ts";
import { Health } from "../../src/stat/health.ts";
import { History } from "../../src/stat/live/history.ts";
import { Live } from "../../src/stat/live/live.ts";
import { liveRoutes } from "../../src/stat/live/routes.ts";
import { systemUsage } from "../../src/stat/system_usage.ts";
import type { Entrance } from "../../src/web/entrance.ts";
import { WebServer } from "../../src/web/web_server.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { knownBox } from "../../testing/fleet/known_box.ts";
import {
  checkAccessibility,
  PageVisits,
  SCREENS,
  takeScreenshots,
} from "../../testing/players/page_visits.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";
import { until } from "../../testing/until.ts";

const HLS_PORT = 8080;

const ENTRANCE: Entrance = {
  check: () => Promise.resolve("granted"),
  signIn: () => Promise.resolve("granted"),
  signOut: () => {},
  guard: (_, next) => next(),
};

/** What box `b` tells, which has a show. */
const REPORT_OF_B: BoxReport = {
  started: "2026-11-26T10:00:00.000Z",
  sessions: [{
    ...{ id: 7, name: "evening", state: "publishing", protocol: "rtmp", dj: "anna" },
    ...{ started: "2026-11-26T19:00:00.000Z", title: "Blue in green", artist: "Trio Marais" },
  }],
  listeners: { total: 1200, names: { evening: 1200 } },
  left: 1,
  problems: ["Cannot write to ./output/record: No space left on device (os error 28)"],
};
const REPORT_OF_A: BoxReport = {
  ...{ started: "2026-11-26T11:00:00.000Z", sessions: [], left: 0, problems: [] },
  listeners: { total: 3, names: { evening: 3 } },
};

/** The statistics of box `a`, in a fleet with `b`, which answers, and `c`, which does not. */
class FleetDashboard implements AsyncDisposable {
  readonly #states: Record<string, BoxState> = {};
  readonly #live: Live;
  readonly #sessions = sessionManager({ clock: systemClock, events: new EventBus() });
  readonly #server: WebServer;

  constructor() {
    const events = new EventBus();
    const health = new Health();
    this.#live = new Live({
      ...{ clock: systemClock, events, sessions: this.#sessions, health, usage: systemUsage },
      audience: { total: 3, streaming: 0, byName: () => [["evening", 3]] },
      load: {
        read: () => ({
          ...{ processors: 0.1, memoryBytes: 1e8, eventLoopLagMs: 1, segmentLatenessMs: 5 },
        }),
      },
      folders: {},
      history: new History(),
      box: () => ({
        ...{ version: "2.0.0", recordings: false, token: false, fleet: true },
        hls: { port: HLS_PORT, path: "cast" },
      }),
    });
    this.#server = new WebServer({ hostname: "127.0.0.1", port: 0 }, this.#routes(), [
      ...["echo", "stat"],
    ]);
    this.#server.listen();
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#live.close();
    this.#sessions.stop("shutdown", { code: 0, message: "" });
    await this.#server.close();
  }

  get #boxes(): KnownBox[] {
    return ["a", "b", "c"].map((id) => {
      const load = { sessions: id === "c" ? 4 : 0, listeners: 10, cpu: 0.23 };
      return knownBox(id, { load, state: this.#states[id] ?? "open", ageMs: 400 });
    });
  }

  #routes(): Hono {
    const boxes = () => this.#boxes;
    const view = {
      box: "a",
      get boxes() {
        return boxes();
      },
      boxOf: (id: string) => boxes().find((box) => box.id === id),
    };
    const drainOf = (id: string) => ({
      start: () => void (this.#states[id] = "draining"),
      cancel: () => void (this.#states[id] = "open"),
    });
    const b = new Hono().route(
      "/fleet/1/box",
      boxRoutes({ report: () => REPORT_OF_B, drain: drainOf("b") }),
    );
    const links = {
      request: async (box: { readonly id: string }, path: string, init?: { method?: string }) => {
        if (box.id === "c") throw new Error("Cannot ask box c: no answer within 1 s");
        return await b.request(path, init);
      },
    };
    const reporter = new FleetReporter({
      ...{ clock: systemClock, view, links, own: () => REPORT_OF_A },
      membership: {
        isJoined: true,
        isAlone: false,
        beatAgeMs: 1400,
        errors: 3,
        problem: undefined,
      },
    });
    const { guard } = ENTRANCE;
    const validity = () => new AbortController().signal;
    return new Hono()
      .route("/", liveRoutes({ live: this.#live, sessions: this.#sessions, guard, validity }))
      .route("/", fleetStatRoutes({ view, reporter, links, drain: drainOf("a"), guard }))
      .route("/", dashboardRoutes(ENTRANCE, { hlsPorts: [HLS_PORT] }));
  }
}

scenario("an operator sees all boxes and their shows, and has one drain", async () => {
  await using dashboard = new FleetDashboard();
  await using visits = await PageVisits.start(dashboard.origin);
  const page = await visits.open("/");
  page.setDefaultTimeout(60_000);
  await page.setViewportSize(SCREENS.desktop);
  await untilText(page, "#boxes-count", /^3 · sessions 5 · listeners 1,213$/);
  await untilText(page, "#registry", /^Redis answered 1\.4 s ago · errors 3$/);
  const rows = page.locator("#boxes tbody tr");
  const textOf = async (row: number) => await rows.nth(row).innerText();
  assert.match(await textOf(0), /^a \(this one\)\s+open\s+2\.0\.0\s+0\s+3\s+23 %/);
  assert.match(await textOf(1), /^b\s+Cannot write to .*open\s+2\.0\.0\s+1\s+1,200/s);
  assert.match(await textOf(2), /^c\s+Cannot ask box c: .*does not answer\s+2\.0\.0\s+4\s+10/s);
  const link = page.locator("#boxes").getByRole("link", { name: "Dashboard of box b" });
  assert.equal(await link.getAttribute("href"), "http://192.0.2.2:8088/");

  await untilText(page, "#elsewhere tbody", /^evening\s+Blue in green · Trio Marais\s+on air\s+b/);
  await untilText(page, "#elsewhere tbody", /anna\s+RTMP.*1,203/s);
  const show = page.getByRole("link", { name: "Page of evening, in a new tab" });
  assert.equal(await show.getAttribute("href"), `http://127.0.0.1:${HLS_PORT}/cast/evening/`);
  await checkAccessibility(page);
  await takeScreenshots(page, "dashboard-fleet");
  await page.setViewportSize(SCREENS.phone);
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  assert.equal(width, SCREENS.phone.width, "nothing is wider than a phone");
  await page.setViewportSize(SCREENS.desktop);

  await page.getByRole("button", { name: "Drain box b" }).click();
  await untilText(page, "#confirm-text", /Listeners are served as ever/);
  await page.locator("#confirm-yes").click();
  await untilText(page, "#message", /^Box b drains\.$/);
  await untilText(page, "#boxes tbody tr:nth-child(2)", /draining, 1 left/);
  await page.getByRole("button", { name: "Drain box c" }).click();
  await page.locator("#confirm-yes").click();
  await untilText(page, "#message", /^Cannot drain box c: box c does not answer\.$/);
  await takeScreenshots(page, "dashboard-fleet-drains");
  await page.setViewportSize(SCREENS.desktop);
  await page.getByRole("button", { name: "Open box b again" }).click();
  await untilText(page, "#message", /^Box b is open\.$/);
  await untilText(page, "#boxes tbody tr:nth-child(2)", /open/);
});

async function untilText(page: Page, selector: string, pattern: RegExp): Promise<void> {
  await until(`${selector} is ${pattern}`, async () => {
    return pattern.test(await page.locator(selector).innerText());
  });
}
