// @ts-check
/// <reference lib="dom" />
// What is heard at the moment, and what was before: the server tells titles before they are heard.

/** @typedef {import("./show.js").ShowStatus} ShowStatus */
/** @typedef {import("./show.js").ShownTitle} ShownTitle */

/** The titles of a show, and which of them a listener hears. */
export class Titles {
  /** The oldest first. @type {readonly ShownTitle[]} */
  #titles = [];
  /** What stands in the place of a title before the first one is heard. @type {ShownTitle} */
  #first = { title: null, artist: null, at: "" };

  /** @param {ShowStatus} status */
  update({ state, title, artist, titles = [] }) {
    // The end of a show is still to be heard, with its titles.
    if (state === "off-air") return;
    if (titles.length === 0) this.#first = { title, artist, at: "" };
    this.#titles = titles;
  }

  /**
   * What is heard, and what was heard before that, the latest first.
   * @param {number} at what plays, in milliseconds since the epoch by the playlist's wall time;
   *   `Infinity`: what comes in now
   */
  heard(at) {
    const begun = this.#titles.filter((title) => Date.parse(title.at) <= at).reverse();
    const [now = this.#first, ...before] = begun;
    return { now, before: before.filter(({ title, artist }) => title !== null || artist !== null) };
  }
}
