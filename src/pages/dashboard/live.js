// @ts-check
/// <reference lib="dom" />
// The server's events, and whether they come.

/** Snapshots come every 2 s; without any for this long, the connection is dead. */
const SILENT_MS = 10_000;
/** The browser tries again by itself, and says so when it begins to. */
const AWAY_MS = 3000;
const RETRY_MS = 3000;

/**
 * @typedef {"live" | "lost"} ConnectionState
 * @typedef {Record<string, (data: any) => void>} Handlers by the event's name
 */

/** Stays connected to the server's events. */
export class LiveEvents {
  /** @type {EventSource | undefined} */
  #source;
  /** Where to go on when the browser does not by itself. */
  #last = "";
  #heardAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retrying;
  #handlers;
  #onState;

  /**
   * @param {Handlers} handlers
   * @param {(state: ConnectionState) => void} onState
   */
  constructor(handlers, onState) {
    this.#handlers = handlers;
    this.#onState = onState;
    this.#connect();
    setInterval(() => this.#check(), 1000);
    // A phone that wakes up does not wait for its timers.
    addEventListener("online", () => this.#connect());
  }

  #connect() {
    clearTimeout(this.#retrying);
    this.#retrying = undefined;
    this.#source?.close();
    this.#heardAt = performance.now();
    const query = this.#last === "" ? "" : `?after=${this.#last}`;
    const source = this.#source = new EventSource(`stat/1/events${query}`);
    for (const [event, handle] of Object.entries(this.#handlers)) {
      source.addEventListener(event, (message) => {
        this.#heardAt = performance.now();
        if (message.lastEventId !== "") this.#last = message.lastEventId;
        this.#onState("live");
        handle(JSON.parse(message.data));
      });
    }
    source.addEventListener("error", () => {
      // Closed: the answer was no stream. The browser does not try again by itself.
      if (source !== this.#source) return;
      if (source.readyState === EventSource.CLOSED) this.#refused();
      else this.#heardAt = Math.min(this.#heardAt, performance.now() - SILENT_MS + AWAY_MS);
    });
  }

  #check() {
    if (this.#retrying !== undefined || performance.now() - this.#heardAt < SILENT_MS) return;
    this.#onState("lost");
    this.#connect();
  }

  async #refused() {
    this.#onState("lost");
    this.#retrying = setTimeout(() => this.#connect(), RETRY_MS);
    try {
      // Signed out, by time or by another token: the page to sign in is at this address.
      const { status } = await fetch("stat/1/listeners", { method: "HEAD", cache: "no-store" });
      if (status === 401 || status === 403) location.reload();
    } catch {
      // The server is away. The next try tells when it is back.
    }
  }
}
