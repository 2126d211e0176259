// @ts-check
/// <reference lib="dom" />
// The list of what has happened to sessions, the latest first.

import { wordsOf } from "./event_words.js";
import { timeOfDay } from "./format.js";
import { element, filterField, setText } from "./table.js";

const MAX_ENTRIES = 500;

/** @typedef {import("./event_words.js").LogEvent} LogEvent */

/** The list of events, with its filter. */
export class EventList {
  /** @type {{ name: string, entry: HTMLLIElement }[]} the oldest first */
  #entries = [];
  /** Sessions that listeners can still hear, by name. @type {Map<string, Set<number>>} */
  #heard = new Map();
  #matches = (/** @type {string} */ _name) => true;
  #list = element("log");
  #filter;

  constructor() {
    this.#filter = filterField("log-filter", (matches) => {
      this.#matches = matches;
      for (const { name, entry } of this.#entries) entry.hidden = !matches(name);
      this.#showEmpty();
    });
  }

  /** @param {LogEvent} event */
  add(event) {
    const entry = this.#entryOf(event);
    entry.hidden = !this.#matches(event.name);
    this.#entries.push({ name: event.name, entry });
    this.#list.prepend(entry);
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift()?.entry.remove();
    this.#showEmpty();
  }

  /**
   * Whether the event ends what can be heard of a session, while another of the name can be heard.
   * @param {LogEvent} event
   */
  #isHeardOn({ event, name, session_id: id }) {
    const heard = this.#heard.get(name) ?? new Set();
    if (event === "create") this.#heard.set(name, heard.add(id));
    if (event !== "hls-release") return false;
    heard.delete(id);
    if (heard.size === 0) this.#heard.delete(name);
    return heard.size > 0;
  }

  #showEmpty() {
    const empty = element("log-empty");
    empty.hidden = this.#entries.some(({ entry }) => !entry.hidden);
    const none = this.#entries.length === 0;
    setText(
      empty,
      none ? "Nothing has happened yet." : "Nothing has happened to a name like that.",
    );
  }

  /** @param {LogEvent} event */
  #entryOf(event) {
    const entry = document.createElement("li");
    entry.dataset["event"] = event.event;
    const time = document.createElement("time");
    time.dateTime = event.time;
    time.textContent = timeOfDay(event.time);
    const name = document.createElement("button");
    name.textContent = name.title = event.name;
    name.setAttribute("aria-label", `${event.name}: show only its events`);
    name.addEventListener("click", () => {
      this.#filter.value = event.name;
      this.#filter.dispatchEvent(new Event("input"));
    });
    const text = document.createElement("span");
    text.textContent = this.#isHeardOn(event)
      ? "has been heard to its end, and the name goes on"
      : wordsOf(event);
    entry.append(time, name, text);
    return entry;
  }
}
