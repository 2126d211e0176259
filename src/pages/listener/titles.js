// @ts-check
/// <reference lib="dom" />
// What is heard at the moment, and what was before: the server tells titles before they are heard.

/** @typedef {import("./show.js").ShowStatus} ShowStatus */
/** @typedef {import("./show.js").ShownTitle} ShownTitle */

/** The titles of a show, and which of them a listener hears. */
export class Titles {
  /** As the server told them last, the oldest first. @type {readonly ShownTitle[]} */
  #titles = [];
  /** Later ones, which the media have told. @type {ShownTitle[]} */
  #later = [];
  /** When the show began, in milliseconds since the epoch: earlier titles are another's. */
  #since = 0;
  /** What stands in the place of a title before the first one is heard. @type {ShownTitle} */
  #first = { title: null, artist: null, at: "" };

  /** @param {ShowStatus} status */
  update({ state, started_at: startedAt, title, artist, titles = [] }) {
    // The end of a show is still to be heard, with its titles.
    if (state === "off-air") return;
    this.#since = startedAt === null ? 0 : Date.parse(startedAt);
    if (titles.length === 0) this.#first = { title, artist, at: "" };
    this.#titles = titles;
    const later = this.#later;
    this.#later = [];
    for (const told of later) this.tell(told);
  }

  /**
   * Takes a title that a playlist or a segment tells, mostly before the server is asked again. They
   * tell a title several times, and not all of them can tell every character or the exact time.
   * @param {ShownTitle} told
   */
  tell(told) {
    const latest = Date.parse(told.at) + SAME_TIME_MS;
    if (latest < this.#since) return;
    const known = this.#all;
    const i = known.findLastIndex(({ at }) => Date.parse(at) <= latest);
    const before = known[i] ?? this.#first;
    if (!isSame(before, told)) {
      if (i === known.length - 1) this.#later.push(told);
    } else if (isExacter(told, before)) {
      this.#later = this.#later.map((later) =>
        later === before ? { ...told, at: later.at } : later
      );
    }
  }

  /**
   * What is heard, and what was heard before that, the latest first.
   * @param {number} at what plays, in milliseconds since the epoch by the playlist's wall time;
   *   `Infinity`: what comes in now
   */
  heard(at) {
    const begun = this.#all.filter((title) => Date.parse(title.at) <= at).reverse();
    const [now = this.#first, ...before] = begun;
    return { now, before: before.filter(({ title, artist }) => title !== null || artist !== null) };
  }

  /**
   * How long after `at` the next title is heard, in milliseconds; `Infinity` if none is known.
   * @param {number} at as in {@link heard}
   */
  untilNext(at) {
    const next = this.#all.find((title) => Date.parse(title.at) > at);
    return next === undefined ? Infinity : Date.parse(next.at) - at;
  }

  get #all() {
    return [...this.#titles, ...this.#later];
  }
}

/** Times of the same title differ by less: some are rounded to an audio frame. */
const SAME_TIME_MS = 200;

/** @param {ShownTitle} a @param {ShownTitle} b */
function isSame(a, b) {
  return inPlaylist(a) === inPlaylist(b);
}

/** Whether `a` has quotes for which `b` has something else. @param {ShownTitle} a @param {ShownTitle} b */
function isExacter(a, b) {
  return texts(a) !== texts(b) && texts(a).includes('"');
}

/** As a playlist has it, which may not have quotes in it, nor variables. @param {ShownTitle} title */
function inPlaylist(title) {
  return texts(title).replaceAll('"', "'").replaceAll("{$", "{ $");
}

/** @param {ShownTitle} title */
function texts({ title, artist }) {
  return `${title ?? ""}\n${artist ?? ""}`;
}
