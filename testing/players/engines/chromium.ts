/** Chromium as a browser with one page, by Playwright. */
import { type Browser, chromium, type Page } from "playwright-core";
import { CHROMIUM, REDUCED_MOTION } from "../chromium.ts";
import {
  asJson,
  type Engine,
  type EngineSettings,
  fromJson,
  VIEWPORT,
  type ViewportSize,
} from "./engine.ts";

/** Chromium, driven by Playwright. */
export class ChromiumEngine implements Engine {
  readonly kind = "chromium";
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.#page = page;
  }

  static async start({ scheme, motion }: Required<EngineSettings>): Promise<ChromiumEngine> {
    const browser = await chromium.launch(CHROMIUM);
    const reducedMotion = REDUCED_MOTION[motion];
    const page = await browser.newPage({ colorScheme: scheme, reducedMotion });
    return new ChromiumEngine(browser, page);
  }

  async resize(size: ViewportSize): Promise<ViewportSize> {
    await this.#page.setViewportSize(size);
    return await this.evaluate(VIEWPORT);
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  async evaluate<T>(expression: string): Promise<T> {
    return fromJson(await this.#page.evaluate(asJson(expression)));
  }

  async click(selector: string): Promise<void> {
    await this.#page.locator(selector).first().click();
  }

  async screenshot(): Promise<Uint8Array> {
    return await this.#page.screenshot();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
