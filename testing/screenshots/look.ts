/** A browser in which pages are looked at: it keeps their pictures, and tells what is wrong. */
import axe from "axe-core";
import type { ColorScheme, Engine, EngineKind, ViewportSize } from "../players/engines/engine.ts";
import { startEngine } from "../players/engines/engines.ts";
import { until } from "../until.ts";

/** Windows in which each page is looked at. The last is as narrow as pages have to bear. */
const WINDOWS = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 360, height: 740 },
  narrow: { width: 320, height: 568 },
} as const satisfies Record<string, ViewportSize>;
/** A picture has all of the page, up to this. */
const MAX_HEIGHT = 2600;
/** Plots are drawn anew after this. */
const SETTLE_MS = 400;

export interface LookOptions {
  readonly kind: EngineKind;
  readonly scheme: ColorScheme;
  /** Where pictures are kept. */
  readonly folder: string;
}

/** A browser of one kind, in one colour scheme. Gone at its disposal. */
export class Look implements AsyncDisposable {
  /** `webkit-dark`. */
  readonly name: string;
  readonly engine: Engine;
  /** What was wrong so far, in words. */
  readonly faults: string[] = [];
  /** Pictures so far. */
  pictures = 0;
  readonly #folder: string;

  private constructor(engine: Engine, { kind, scheme, folder }: LookOptions) {
    this.engine = engine;
    this.name = `${kind}-${scheme}`;
    this.#folder = folder;
  }

  static async start(options: LookOptions): Promise<Look> {
    return new Look(await startEngine(options.kind, { scheme: options.scheme }), options);
  }

  async evaluate<T>(expression: string): Promise<T> {
    return await this.engine.evaluate<T>(expression);
  }

  /** Waits until an expression is true in the page. One that is being left cannot tell. */
  async until(expression: string): Promise<void> {
    await until(`${expression} in ${this.name}`, () => {
      return this.evaluate<boolean>(`!!(${expression})`).catch(() => false);
    });
  }

  /** Keeps a picture of the page for each window, and looks for what is wrong there. */
  async take(state: string): Promise<void> {
    for (const [window, size] of Object.entries(WINDOWS)) {
      const { width } = await this.engine.resize(size);
      await pause(SETTLE_MS);
      for (const fault of await this.evaluate<string[]>(LAYOUT_FAULTS)) {
        this.faults.push(`${state}, ${this.name}, ${width} px: ${fault}`);
      }
      await this.#stretch(size);
      const file = `${this.#folder}/${state}-${window}-${this.name}.png`;
      await Deno.writeFile(file, await this.engine.screenshot());
      this.pictures++;
      // The page means the same to all browsers.
      if (this.engine.kind === "chromium") {
        await this.#checkAccess(`${state}, ${this.name}, ${width} px`);
      }
    }
    await this.engine.resize(WINDOWS.desktop);
    await pause(SETTLE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
  }

  /** Makes the window as high as the page is; where there is room, the page may grow once more. */
  async #stretch({ width, height }: ViewportSize): Promise<void> {
    for (let round = 0; round < 2; round++) {
      const all = await this.evaluate<number>("document.documentElement.scrollHeight");
      if (all <= height) return;
      height = Math.min(all, MAX_HEIGHT);
      await this.engine.resize({ width, height });
      await pause(SETTLE_MS);
    }
  }

  /** Whether everybody can use the page. */
  async #checkAccess(where: string): Promise<void> {
    await this.evaluate(`(() => { ${axe.source}; return true; })()`);
    await this.evaluate(`(globalThis.axeFound = undefined, axe.run().then(({ violations }) => {
      globalThis.axeFound = violations.map(({ id, help, nodes }) =>
        id + ": " + help + ": " + nodes.map(({ html }) => html.slice(0, 150)).join(" | "));
    }), true)`);
    const found = await until(`${this.name} is checked`, () => {
      return this.evaluate<string[] | false>("globalThis.axeFound ?? false");
    });
    this.faults.push(...found.map((fault) => `${where}: ${fault}`));
  }
}

/**
 * What is cut off, or stands beside the page. Excepted are what can be scrolled, what is for screen
 * readers alone, and texts that end in an ellipsis and are whole in a `title`.
 */
const LAYOUT_FAULTS = `(() => {
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways");
  for (const element of document.querySelectorAll("body *")) {
    const { left, right, width } = element.getBoundingClientRect();
    if (width === 0 || element.closest(".unseen, .skip, svg, option")) continue;
    let isScrolled = false;
    for (let above = element; above !== null; above = above.parentElement) {
      const { overflowX } = getComputedStyle(above);
      if (overflowX === "auto" || overflowX === "scroll") isScrolled = true;
    }
    const name = element.tagName.toLowerCase() + "#" + element.id + "." + element.className +
      " " + (element.textContent ?? "").trim().slice(0, 40);
    if (!isScrolled && (left < -1 || right > innerWidth + 1)) faults.push("beside the page: " + name);
    const { overflowX } = getComputedStyle(element);
    const isCut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 &&
      ["hidden", "clip"].includes(overflowX) && !element.closest("[title]") &&
      !element.querySelector("[title]");
    if (isCut && element.tagName !== "INPUT") faults.push("cut off: " + name);
  }
  return faults;
})()`;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
