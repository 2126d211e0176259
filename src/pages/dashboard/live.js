// @ts-check
/// <reference lib="dom" />
// The connection to the server's events.

/** Snapshots come every 2 s; without any for this long, the connection is dead. */
const SILENT_MS = 10_000;
/** After an error the browser connects again by itself. If that takes longer, it counts as lost. */
const AWAY_MS = 3000;
const RETRY_MS = 3000;

/**
 * @typedef {"live" | "lost"} ConnectionState
 * @typedef {Record<string, (data: any) => void>} Handlers by the name of the event
 */

/** Stays connected to the server's events. */
export class LiveEvents {
  /** @type {EventSource | undefined} */
  #source;
  /** The id of the last event, to go on after it where the browser does not do so by itself. */
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
    // When a phone wakes up, this comes before its timers.
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
      // In the state CLOSED the answer was no stream, and the browser does not try again.
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
      // Where the operator is no longer signed in, this address has the page to sign in.
      const { status } = await fetch("stat/1/listeners", { method: "HEAD", cache: "no-store" });
      if (status === 401 || status === 403) location.reload();
    } catch {
      // The server does not answer. The next try will tell when it does.
    }
  }
}
