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

  /** Opens the page at `url`, presses play, and waits until there has been sound for a while. */
  static async sit(engine: Engine, url: string): Promise<PageListener> {
    await engine.open(url);
    await engine.evaluate(`(() => { ${ear} })()`);
    await engine.click("#play");
    const listener = new PageListener(engine);
    await listener.hears(3);
    return listener;
  }

  /** What is heard and what is silent counts from here. */
  async mark(): Promise<void> {
    await this.engine.evaluate("ear.mark()");
  }

  /** What is heard counts from here; what was silent since {@link mark} still does. */
  async listenAnew(): Promise<void> {
    await this.engine.evaluate("(ear.heardFor = 0)");
  }

  /** Waits for so many seconds of sound without a silence. */
  async hears(seconds: number): Promise<void> {
    await until(`${this.engine.kind} has had sound for ${seconds} s`, async () => {
      return await this.engine.evaluate<number>("ear.heardFor") >= seconds;
    });
  }

  async heard(): Promise<PageHeard> {
    return await this.engine.evaluate("ear.heard()");
  }
}
