/** Somebody on the listener page who hears how late it is, by sound that carries its own time. */
import type { Page, Route } from "playwright-core";
import { until } from "../until.ts";
import clockEar from "./clock_ear.js" with { type: "text" };
import type { PageVisits } from "./page_visits.ts";

/** What was heard since the last mark; times in milliseconds. */
export interface HeardLate {
  /** From the encoder's input to the ear, one for each tenth of a second or so. */
  readonly latencies: readonly number[];
  /** How long each standstill was. */
  readonly stalls: readonly number[];
  /** From the press of play to the first sound. */
  readonly joinedMs: number;
}

/** A page that plays. */
export class LatencyListener {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /**
   * Opens the page at `path` and presses play.
   * @param options.lowLatency whether the page is told that the server has it
   */
  static async sit(
    visits: PageVisits,
    path: string,
    { lowLatency }: { readonly lowLatency: boolean },
  ): Promise<LatencyListener> {
    const page = await visits.open("about:blank");
    await page.addInitScript(`(() => { ${clockEar} })()`);
    for (const url of lowLatency ? [] : [path, `${path}status.json`]) {
      await page.route(`**${url}`, withoutLowLatency);
    }
    await page.goto(path);
    await page.waitForLoadState("networkidle");
    const listener = new LatencyListener(page);
    await page.locator("#play").click();
    await until("the page sounds", () => listener.hasHeard(10));
    return listener;
  }

  /** Whether it has heard so many times how late it is. */
  async hasHeard(times: number): Promise<boolean> {
    return await this.page.evaluate<number>("clockEar.latencies.length") >= times;
  }

  async mark(): Promise<void> {
    await this.page.evaluate("clockEar.mark()");
  }

  async heard(): Promise<HeardLate> {
    return await this.page.evaluate<HeardLate>("clockEar");
  }
}

async function withoutLowLatency(route: Route): Promise<void> {
  const response = await route.fetch();
  const body = (await response.text()).replace(/low_latency("|&quot;):true/, "low_latency$1:false");
  await route.fulfill({ response, body });
}
