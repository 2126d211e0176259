/** A show that is on air while somebody visits its page, and what a visitor does there. */
import type { Page } from "playwright-core";
import { EchoServer } from "../e2e/echo_server.ts";
import { Encoder, Media } from "../e2e/ffmpeg_encoder.ts";
import { until } from "../until.ts";
import { PageVisits } from "./page_visits.ts";

/** The show `demo`, and a visitor who has not opened its page yet. */
export class VisitedShow implements AsyncDisposable {
  readonly visits: PageVisits;
  readonly page: Page;
  readonly #stack: AsyncDisposableStack;

  private constructor(visits: PageVisits, page: Page, stack: AsyncDisposableStack) {
    this.visits = visits;
    this.page = page;
    this.#stack = stack;
  }

  /** It is on air from now on. @param seconds how long its encoder sends */
  static async start(seconds: number): Promise<VisitedShow> {
    await using stack = new AsyncDisposableStack();
    const media = stack.use(await Media.create());
    const times = Math.ceil(seconds / PART_SECONDS);
    const clip = await media.encode("clip", { seconds: PART_SECONDS, times });
    const server = stack.use(await EchoServer.start());
    const visits = stack.use(await PageVisits.start(`http://127.0.0.1:${server.hlsPort}`));
    stack.use(new Encoder(clip, server.rtmpUrl("live/demo")));
    return new VisitedShow(visits, await visits.open("about:blank"), stack.move());
  }

  /** Opens the show's page, once there is low latency. */
  async openInLowLatency(): Promise<void> {
    await this.page.goto("/cast/demo/");
    await until("low latency is offered", async () => (await statusOf(this.page)).low_latency);
    await this.page.reload();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** What is sent again and again. */
const PART_SECONDS = 10;

/** What the server tells a page of its show. */
export interface PageStatus {
  readonly now: string;
  readonly rewind_from: string | null;
  readonly low_latency: boolean;
}

/** Asks the server as the page does. */
export function statusOf(page: Page): Promise<PageStatus> {
  return page.evaluate("fetch('status.json').then((response) => response.json())");
}

/** Moves the bar to a time, as a listener does. @param at in milliseconds since the epoch */
export async function moveBar(page: Page, at: number): Promise<void> {
  await page.evaluate(`(() => {
    const bar = document.getElementById("bar");
    bar.value = ${at};
    bar.dispatchEvent(new Event("input"));
    bar.dispatchEvent(new Event("change"));
  })()`);
}
