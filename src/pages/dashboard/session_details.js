// @ts-check
/// <reference lib="dom" />
// What is shown below the open row of a session: its facts, its last hour, and its log.

import { channelsWord, codecName } from "./audio_words.js";
import { Chart, milliseconds, percent } from "./chart.js";
import { wordsOf } from "./event_words.js";
import { bitrate, count, decibels, duration, timeOfDay } from "./format.js";
import { setText } from "./table.js";
import { troubleOf, whyOf } from "./troubles.js";

/** The server samples sessions this often, so it is asked again after this. */
const REFRESH_MS = 10_000;

/** @type {import("./chart.js").Plot[]} */
const PLOTS = [
  {
    title: "Bitrate",
    series: [{ field: "bitrate", label: "comes in", format: bitrate, least: 100_000 }],
  },
  {
    title: "Level (estimate)",
    series: [{ field: "level", label: "mean", format: decibels, least: 0, lowest: -80 }],
  },
  {
    title: "Not heard",
    series: [{ field: "lost", label: "of the audio", format: percent, least: 2 }],
  },
  {
    title: "Listeners",
    series: [{ field: "listeners", label: "listeners", format: count, least: 10 }],
  },
  {
    title: "Round trip",
    series: [{ field: "rtt", label: "by SRT", format: milliseconds, least: 50 }],
  },
];

/**
 * @typedef {import("./sessions.js").Session} Session
 * @typedef {import("./event_words.js").LogEvent} LogEvent
 *
 * @typedef {object} Details what the server answers
 * @property {string | null} codecs
 * @property {number | null} sample_rate
 * @property {number | null} channels
 * @property {string | null} encoder
 * @property {import("./gaps.js").Columns} history
 * @property {LogEvent[]} log
 */

/** Shows one session at a time. */
export class OpenSession {
  /** @type {Session | undefined} */
  #session;
  /** @type {Details | undefined} */
  #details;
  /** @type {Chart[]} */
  #charts = [];
  #box = document.createElement("div");
  #facts = document.createElement("dl");
  #why = document.createElement("p");
  #log = document.createElement("ol");
  #now = 0;
  #onPublish;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #refreshing;

  /** @param {(name: string) => void} onPublish called to show what is typed into encoders */
  constructor(onPublish) {
    this.#onPublish = onPublish;
    this.#facts.className = "facts";
    this.#why.className = "why";
  }

  /** @param {number} now the server's time */
  set now(now) {
    this.#now = now;
  }

  /**
   * @param {Session} session
   * @param {HTMLElement} cell
   */
  show(session, cell) {
    if (this.#session?.id !== session.id) this.#begin(session, cell);
    this.#session = session;
    this.#showFacts(session);
  }

  close() {
    clearInterval(this.#refreshing);
    for (const chart of this.#charts) chart.destroy();
    this.#charts = [];
    this.#session = undefined;
    this.#details = undefined;
  }

  /** Something has happened to a session. @param {LogEvent} event */
  note({ session_id: id }) {
    if (id === this.#session?.id) this.#refresh(id);
  }

  /**
   * @param {Session} session
   * @param {HTMLElement} cell
   */
  #begin({ id, name }, cell) {
    this.close();
    this.#charts = PLOTS.map((plot) => new Chart(plot));
    const box = this.#box = document.createElement("div");
    box.className = "box no-rtt";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `Details of ${name}`);
    const plots = document.createElement("div");
    plots.className = "plots";
    plots.append(...this.#charts.map(({ figure }) => figure));
    const log = document.createElement("div");
    log.className = "log";
    log.tabIndex = 0;
    log.setAttribute("role", "region");
    log.setAttribute("aria-label", `Events of ${name}`);
    this.#log.replaceChildren();
    log.append(this.#log);
    const publish = document.createElement("button");
    publish.className = "plain";
    publish.textContent = "What to type into an encoder…";
    publish.addEventListener("click", () => this.#onPublish(name));
    box.append(this.#why, this.#facts, plots, log, publish);
    cell.replaceChildren(box);
    this.#refreshing = setInterval(() => this.#refresh(id), REFRESH_MS);
    this.#refresh(id);
  }

  /** @param {number} id */
  async #refresh(id) {
    try {
      const response = await fetch(`stat/1/sessions/${id}/details`, { cache: "no-store" });
      if (!response.ok || this.#session?.id !== id) return;
      const details = await response.json();
      if (this.#session?.id !== id) return;
      this.#details = details;
    } catch {
      // The server does not answer, which the page tells already.
      return;
    }
    this.#showFacts(this.#session);
    for (const chart of this.#charts) chart.draw(this.#details?.history ?? {});
    // RTMP has no round trip.
    const rtt = this.#details?.history["rtt"] ?? [];
    this.#box.classList.toggle("no-rtt", rtt.every((value) => value === null));
    this.#showLog(this.#details?.log ?? []);
  }

  /** @param {Session} session */
  #showFacts(session) {
    const { codecs = null, sample_rate = null, channels = null, encoder = null } = this.#details ??
      {};
    const { title, artist, started, rtt, loss, lost, dj, protocol, address } = session;
    const trouble = troubleOf(session, this.#now);
    const waits = session.state !== "publishing";
    const wrong = trouble ? `${session.name} ${trouble.text}` : waits ? whyOf(session) : "";
    this.#why.hidden = wrong === "";
    setText(this.#why, wrong);
    const facts = {
      "Plays": [title, artist].filter((text) => text !== null).join(" · "),
      "Codec": codecName(codecs),
      "Sample rate": sample_rate === null ? "" : `${count(sample_rate)} Hz`,
      "Channels": channelsWord(channels),
      "Encoder": encoder,
      "From": [dj, protocol.toUpperCase(), address].filter((text) => text !== null).join(" "),
      "On air for": started === null ? "" : duration((this.#now - started) / 1000),
      "Frames": count(session.frames),
      "Bitrate": session.bitrate === null ? "" : bitrate(session.bitrate),
      "Level (estimate)": session.level === null ? "" : decibels(session.level),
      "Not heard in the last minute": lost === null ? "" : `${lost} %`,
      "Lost on the way, most of it sent again": loss === null ? "" : `${loss} %`,
      "Round trip": rtt === null ? "" : `${rtt} ms`,
      "Listeners": count(session.listeners),
    };
    const shown = Object.entries(facts).filter(([, text]) => text);
    const names = shown.map(([name]) => name).join();
    if (this.#facts.dataset["shown"] !== names) {
      this.#facts.dataset["shown"] = names;
      this.#facts.replaceChildren(...shown.map(([name]) => factOf(name)));
    }
    shown.forEach(([, text], i) => {
      const value = this.#facts.children[i]?.lastElementChild;
      if (value) setText(value, text ?? "");
    });
  }

  /** @param {LogEvent[]} events the oldest first */
  #showLog(events) {
    const shown = this.#log.childElementCount === 0 ? "" : this.#log.dataset["last"];
    const last = String(events.at(-1)?.number);
    if (shown === last) return;
    this.#log.dataset["last"] = last;
    this.#log.replaceChildren(
      ...events.toReversed().map((event) => {
        const entry = document.createElement("li");
        entry.dataset["event"] = event.event;
        const time = document.createElement("time");
        time.dateTime = event.time;
        time.textContent = timeOfDay(event.time);
        const text = document.createElement("span");
        text.textContent = wordsOf(event);
        entry.append(time, text);
        return entry;
      }),
    );
  }
}

/** @param {string} name */
function factOf(name) {
  const fact = document.createElement("div");
  const term = document.createElement("dt");
  term.textContent = name;
  fact.append(term, document.createElement("dd"));
  return fact;
}
