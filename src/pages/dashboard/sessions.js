// @ts-check
/// <reference lib="dom" />
// The sessions: who is on air, how good the input is, and how many listen. A row opens by its name.

import { confirmed, remove, tell } from "./dialog.js";
import { bitrate, count, decibels, duration } from "./format.js";
import { actionButton, addListening, playlistOf, showListening } from "./listening_actions.js";
import { player } from "./player.js";
import { OpenSession } from "./session_details.js";
import { element, filterField, setText, Table } from "./table.js";
import { rankOf, troubleOf } from "./troubles.js";

/**
 * A row of a snapshot.
 * @typedef {object} Session
 * @property {number} id
 * @property {string} name
 * @property {"init" | "ready" | "publishing" | "paused"} state
 * @property {string} protocol
 * @property {string | null} address
 * @property {number | null} bitrate
 * @property {number | null} started
 * @property {number | null} silent
 * @property {number} frames
 * @property {number} dropped
 * @property {number} bad
 * @property {number} fillers
 * @property {number | null} rtt
 * @property {number | null} loss
 * @property {number} listeners
 * @property {string | null} title
 * @property {string | null} artist
 * @property {string | null} dj who publishes, where that is known
 * @property {number | null} since
 * @property {string | null} why
 * @property {number | null} lost
 * @property {number} unread
 * @property {number} too_fast
 * @property {"gone" | "dead-air" | null} fallback
 * @property {number | null} level
 * @property {number | null} dead_air
 */

/** What the states are called. */
export const STATES = {
  init: "connecting",
  ready: "waiting",
  publishing: "on air",
  paused: "paused",
};

/** What stands there instead of "on air", by the trouble. @type {Record<string, string>} */
const SENDER_STATES = { EchoFallback: "fallback", EchoDeadAir: "dead air", silent: "silent" };

/** The table of sessions, with its filter. */
export class Sessions {
  /** @type {Session[]} */
  #sessions = [];
  #now = 0;
  /** @type {import("./listening_actions.js").ServedHls | null} */
  #hls = null;
  #matches = (/** @type {string} */ _name) => true;
  #filter;
  #table;

  #details;

  /** @param {(name: string) => void} onPublish called to show what is typed into encoders */
  constructor(onPublish) {
    const details = this.#details = new OpenSession(onPublish);
    // By trouble, the worst first; of the same trouble, by name.
    const sorted = /** @type {const} */ ({ by: 1, direction: 1 });
    this.#table = new Table("sessions", this.#columns(), ({ id }) => id, sorted, details);
    this.#filter = filterField("sessions-filter", (matches) => {
      this.#matches = matches;
      this.#show();
    });
    player.addEventListener("change", () => this.#show());
  }

  /** @param {import("./listening_actions.js").ServedHls | null} hls */
  set hls(hls) {
    this.#hls = hls;
  }

  /** Those that are live. */
  get all() {
    return this.#sessions;
  }

  /** Something has happened to a session. @param {import("./event_words.js").LogEvent} event */
  note(event) {
    this.#details.note(event);
  }

  /** Shows a session, whatever the filter. @param {number} id */
  open(id) {
    this.#filter.value = "";
    this.#matches = () => true;
    this.#show();
    this.#table.open(id);
  }

  /**
   * @param {{ fields: string[], rows: any[][] }} table
   * @param {number} now the server's time
   */
  update({ fields, rows }, now) {
    this.#now = this.#details.now = now;
    this.#sessions = rows.map((row) => {
      return /** @type {any} */ (Object.fromEntries(fields.map((field, i) => [field, row[i]])));
    });
    this.#show();
  }

  #show() {
    const shown = this.#sessions.filter(({ name }) => this.#matches(name));
    this.#table.show(shown);
    const all = this.#sessions.length;
    setText(
      element("sessions-count"),
      shown.length < all ? `${shown.length} of ${all}` : all === 0 ? "" : `${all}`,
    );
    // A filter that hides sessions stays, so that it can be cleared.
    element("sessions-filter").hidden = all < 8 && shown.length === all;
    const empty = element("sessions-empty");
    empty.hidden = shown.length > 0;
    setText(empty, all === 0 ? "Nobody is on air." : "No session has a name like that.");
  }

  /** @returns {import("./table.js").Column<Session>[]} */
  #columns() {
    return [
      {
        title: "Name",
        order: ({ name }) => name,
        show: (session, cell) => this.#showName(session, cell),
      },
      {
        title: "State",
        order: (session) => rankOf(troubleOf(session, this.#now)),
        show: (session, cell) => showState(session, this.#now, cell),
        kind: "state",
      },
      {
        title: "From",
        order: ({ protocol, address, dj }) => `${dj ?? ""} ${protocol} ${address}`,
        show: ({ protocol, address, dj }, cell) => {
          const from = `${protocol.toUpperCase()} ${address ?? ""}`.trim();
          setText(cell, dj === null ? from : `${dj}\n${from}`);
        },
        kind: "from",
      },
      number("Bitrate", (session) => session.bitrate, bitrate),
      number("Level (est.)", (session) => session.level, decibels),
      {
        title: "On air for",
        order: ({ started }) => started === null ? -1 : this.#now - started,
        show: ({ started }, cell) => {
          setText(cell, duration(started === null ? null : (this.#now - started) / 1000));
        },
        kind: "number",
      },
      number("Listeners", (session) => session.listeners, count),
      number("Dropped", (session) => session.dropped, count, "fault"),
      number("Bad", (session) => session.bad, count, "fault"),
      number("Fillers", (session) => session.fillers, count, "fault"),
      number("RTT", (session) => session.rtt, (rtt) => rtt === null ? "–" : `${rtt} ms`),
      number(
        "Loss",
        (session) => session.loss,
        (loss) => loss === null ? "–" : `${loss} %`,
        "fault",
      ),
      { title: "", show: (session, cell) => this.#showActions(session, cell), kind: "actions" },
    ];
  }

  /**
   * The name, which opens the row, and below it what is heard.
   * @param {Session} session
   * @param {HTMLElement} cell
   */
  #showName({ id, name, title, artist }, cell) {
    if (cell.childElementCount === 0) {
      const open = document.createElement("button");
      open.className = "name";
      open.textContent = open.title = name;
      open.addEventListener("click", () => this.#table.toggle(id));
      cell.append(open, document.createElement("span"));
    }
    const song = /** @type {HTMLElement} */ (cell.lastElementChild);
    song.className = "song";
    song.dir = "auto";
    setText(song, [title, artist].filter((text) => text !== null).join(" · "));
    song.title = song.textContent ?? "";
  }

  /**
   * @param {Session} session
   * @param {HTMLElement} cell
   */
  #showActions({ id, name }, cell) {
    if (cell.childElementCount === 0) this.#addActions(id, name, cell);
    showListening(cell, playlistOf(this.#hls, name));
  }

  /**
   * @param {number} id
   * @param {string} name
   * @param {HTMLElement} cell
   */
  #addActions(id, name, cell) {
    const playlist = playlistOf(this.#hls, name);
    if (playlist !== undefined) addListening(cell, name, playlist);
    const ending = actionButton(cell, "End", `End ${name}`);
    ending.classList.add("danger");
    ending.addEventListener("click", () => end(id, name));
  }
}

/**
 * @param {Session} session
 * @param {number} now the server's time
 * @param {HTMLElement} cell
 */
function showState(session, now, cell) {
  const { state, silent, since, dead_air: deadAir } = session;
  const trouble = troubleOf(session, now);
  const ofSender = SENDER_STATES[trouble?.alert ?? ""];
  const waited = since === null ? null : now - since;
  const ms = ofSender === "silent" ? silent : waited ?? deadAir;
  const word = ofSender ?? STATES[state];
  setText(cell, ms === null ? word : `${word} ${duration(ms / 1000)}`);
  cell.dataset["state"] = ofSender === undefined ? state : "silent";
  cell.classList.toggle("trouble", trouble !== undefined);
}

/**
 * Makes a column of numbers.
 * @param {string} title
 * @param {(session: Session) => number | null} read
 * @param {(value: any) => string} format
 * @param {"" | "fault"} kind `fault`: a value above 0 stands out
 * @returns {import("./table.js").Column<Session>}
 */
function number(title, read, format, kind = "") {
  return {
    title,
    order: (session) => read(session) ?? -1000,
    show: (session, cell) => {
      const value = read(session);
      setText(cell, format(value));
      cell.classList.toggle("zero", !value);
      cell.classList.toggle("none", value === null);
    },
    kind: `number ${kind}`.trim(),
  };
}

/**
 * @param {number} id
 * @param {string} name
 */
async function end(id, name) {
  const text = "The encoder is cut off, and the broadcast is over for all who listen. " +
    "An encoder that connects again by itself begins a new one.";
  if (!await confirmed(`End ${name}?`, text, "End session")) return;
  const failure = await remove(`stat/1/sessions/${id}`);
  tell(failure === undefined ? `${name} has ended.` : `Cannot end ${name}: ${failure}.`);
}
