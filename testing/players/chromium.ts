/**
 * How tests start Chromium.
 *
 * @module
 */
import type { Motion } from "./engines/engine.ts";

/** Options of Playwright's `launch`: the system's Chromium, which asks nobody for updates. */
export const CHROMIUM = {
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
};

/** What Playwright calls it, for contexts and pages. */
export const REDUCED_MOTION = {
  moving: "no-preference",
  still: "reduce",
} as const satisfies Record<
  Motion,
  string
>;
