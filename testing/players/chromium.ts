/**
 * How tests start Chromium.
 *
 * @module
 */

/** Options of Playwright's `launch`: the system's Chromium, which asks nobody for updates. */
export const CHROMIUM = {
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
};
