/** Visits to Echo's pages in Chromium: complaints, accessibility, screenshots. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { CHROMIUM, REDUCED_MOTION } from "./chromium.ts";
import type { Motion } from "./engines/engine.ts";

const SCREENSHOTS = fileURLToPath(new URL("../../tests/screenshots/", import.meta.url));

/** Sizes of what pages are looked at with. */
export const SCREENS = {
  phone: { width: 360, height: 740 },
  desktop: { width: 1280, height: 800 },
} as const;

/** What a page is looked at in. */
export const SCHEMES = ["light", "dark"] as const;

/** See {@link PageVisits.start}. */
export interface VisitOptions {
  readonly others?: readonly string[];
  readonly motion?: Motion;
}

/** Chromium as people have it, for pages of one server. Gone at its disposal. */
export class PageVisits implements AsyncDisposable {
  /** Errors and warnings of all pages, and whatever was asked of another host. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #context: BrowserContext;

  private constructor(browser: Browser, context: BrowserContext, origins: readonly string[]) {
    this.#browser = browser;
    this.#context = context;
    context.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      this.complaints.push(`${message.page()?.url()}: ${message.text()}`);
    });
    context.on("weberror", (error) => this.complaints.push(String(error.error())));
    context.on("request", (request) => {
      const url = new URL(request.url());
      const isOwn = origins.includes(url.origin) || url.protocol === "data:";
      if (!isOwn) this.complaints.push(`asked for ${url}`);
    });
  }

  /**
   * @param origin the server's, such as `http://127.0.0.1:8080`
   * @param options.others origins that its pages may ask too
   * @param options.motion whether pages may move; see {@link Motion}. Default: `still`
   */
  static async start(
    origin: string,
    { others = [], motion = "still" }: VisitOptions = {},
  ): Promise<PageVisits> {
    const browser = await chromium.launch(CHROMIUM);
    const context = await browser.newContext({
      baseURL: origin,
      viewport: SCREENS.phone,
      reducedMotion: REDUCED_MOTION[motion],
    });
    return new PageVisits(browser, context, [origin, ...others]);
  }

  /** Opens a page in a tab of its own. */
  async open(path: string): Promise<Page> {
    const page = await this.#context.newPage();
    await page.goto(path);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What a test has put in the way of requests may be at work still.
    const pages = this.#context.pages();
    await Promise.all(pages.map((page) => page.unrouteAll({ behavior: "ignoreErrors" })));
    await this.#context.close();
    await this.#browser.close();
  }
}

/** Checks that everybody can use a page, in both colour schemes. */
export async function checkAccessibility(page: Page): Promise<void> {
  const isStill = await page.evaluate<boolean>(
    "matchMedia('(prefers-reduced-motion: reduce)').matches",
  );
  const reducedMotion = REDUCED_MOTION[isStill ? "still" : "moving"];
  // By the debugger, so that the page's own policy does not count.
  await page.evaluate(axe.source);
  for (const colorScheme of SCHEMES) {
    // A colour on its way to another one says nothing.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await page.evaluate<axe.AxeResults>("axe.run()");
    const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    const found = bad.map(({ help, nodes }) => `${help}: ${nodes.map((node) => node.html)}`);
    assert.deepEqual(found, [], `${page.url()} in ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion });
}

/** Keeps what a page looks like, for people to look at. @param png its picture */
export async function keepScreenshot(name: string, png: Uint8Array): Promise<void> {
  await Deno.mkdir(SCREENSHOTS, { recursive: true });
  await Deno.writeFile(`${SCREENSHOTS}${name}.png`, png);
}

/** Keeps what a page looks like on each screen and in each colour scheme. */
export async function takeScreenshots(page: Page, name: string): Promise<void> {
  for (const [screen, size] of Object.entries(SCREENS)) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      const png = await page.screenshot({ animations: "disabled" });
      await keepScreenshot(`${name}-${screen}-${colorScheme}`, png);
    }
  }
  await page.setViewportSize(SCREENS.phone);
  await page.emulateMedia({ colorScheme: null });
}
