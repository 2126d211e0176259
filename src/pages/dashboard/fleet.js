// @ts-check
/// <reference lib="dom" />
// The whole fleet, where this box is one of several: asks for it again and again.

import { Boxes } from "./boxes.js";
import { OtherSessions } from "./elsewhere.js";
import { element } from "./table.js";

/** One that is on air moves for seconds when its box drains. */
const REFRESH_MS = 3000;

/**
 * What the server tells of the fleet.
 * @typedef {object} FleetReport
 * @property {string} box the one that has answered
 * @property {{ joined: boolean, beat_age_ms: number, errors: number }} registry
 * @property {{ boxes: number, sessions: number, listeners: number }} total
 * @property {import("./boxes.js").Box[]} boxes
 * @property {import("./elsewhere.js").FleetSession[]} sessions
 */

/** The sections about the other boxes, which are hidden where there is no fleet. */
export class FleetSections {
  #boxes = new Boxes(() => this.#load());
  #elsewhere = new OtherSessions();
  #isStarted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #loading = false;

  /** Shows the fleet from now on. @param {import("./listening_actions.js").ServedHls | null} hls */
  start(hls) {
    this.#elsewhere.hls = hls;
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#load();
  }

  async #load() {
    clearTimeout(this.#timer);
    if (!this.#loading && document.visibilityState === "visible") {
      this.#loading = true;
      try {
        const response = await fetch("stat/1/fleet", { cache: "no-store" });
        if (response.ok) this.#show(await response.json());
      } catch {
        // The server does not answer. The page shows that already.
      }
      this.#loading = false;
    }
    this.#timer = setTimeout(() => this.#load(), REFRESH_MS);
  }

  /** @param {FleetReport} report */
  #show(report) {
    element("boxes-section").hidden = element("elsewhere-section").hidden = false;
    this.#boxes.show(report);
    this.#elsewhere.show(report);
  }
}
