/** Somebody who pressed play on the listener page. */
import { until } from "../until.ts";
import ear from "./ear.js" with { type: "text" };
import type { Engine } from "./engines/engine.ts";

/** What happened to the sound in a page since it was last marked. */
export interface PageHeard {
  /** How long there was none, in all. */
  readonly silentMs: number;
  /** How long the page was kept from running, so that it could not tell. */
  readonly standstillMs: number;
}

/** Somebody who pressed play on the listener page. */
export class PageListener {
  readonly engine: Engine;

  private constructor(engine: Engine) {
    this.engine = engine;
  }

  /**
   * Opens the page at `url`, presses play, and waits until there has been sound for a while. Where
   * there is none for long, it opens the page once more, as people do, and prints that: WebKitGTK has
   * stayed without sound from the start once, on a busy machine.
   */
  static async sit(engine: Engine, url: string): Promise<PageListener> {
    const listener = new PageListener(engine);
    await listener.#pressPlay(url);
    try {
      await listener.hears(3, START_PATIENCE_MS);
    } catch (error) {
      console.log(`${String(error)}: opening the page once more`);
      await listener.#pressPlay(url);
      await listener.hears(3);
    }
    return listener;
  }

  /** What is heard and what is silent counts from here, and what is asked for. */
  async mark(): Promise<void> {
    await this.engine.evaluate("(ear.mark(), performance.clearResourceTimings())");
  }

  /** Whether it has waited for versions of the playlist that have a certain part. */
  async asksForParts(): Promise<boolean> {
    return await this.engine.evaluate<boolean>(`performance.getEntriesByType("resource")
      .some(({ name }) => name.includes("_HLS_part="))`);
  }

  /** What is heard counts from here; what was silent since {@link mark} still does. */
  async listenAnew(): Promise<void> {
    await this.engine.evaluate("(ear.heardFor = 0)");
  }

  /** Waits for so many seconds of sound without a silence. @throws where there is none in time */
  async hears(seconds: number, timeoutMs?: number): Promise<void> {
    const isHeard = async () => await this.engine.evaluate<number>("ear.heardFor") >= seconds;
    await until(`${this.engine.kind} has had sound for ${seconds} s`, isHeard, timeoutMs);
  }

  async heard(): Promise<PageHeard> {
    return await this.engine.evaluate("ear.heard()");
  }

  async #pressPlay(url: string): Promise<void> {
    await this.engine.open(url);
    await this.engine.evaluate(`(() => { ${ear} })()`);
    await this.engine.click("#play");
  }
}

/** How long it is waited for the first sound of a page, which takes a few seconds. */
const START_PATIENCE_MS = 12_000;
