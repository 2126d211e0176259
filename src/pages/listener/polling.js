// @ts-check
/// <reference lib="dom" />
// Asks the server for JSON at intervals.

/** How long to wait for an answer. */
const TIMEOUT_MS = 8000;
/** Intervals differ by this part, so that pages that were opened together do not ask together. */
const JITTER = 0.2;

/**
 * Asks a URL for its JSON at intervals.
 * @template T
 */
export class Polling {
  #url;
  #intervalMs;
  #onAnswer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | undefined} */
  #asking;

  /**
   * @param {string} url
   * @param {object} options
   * @param {() => number} options.intervalMs `Infinity`: it asks again only by {@link now}
   * @param {(answer: T | undefined) => void} options.onAnswer `undefined`: there was no answer
   */
  constructor(url, { intervalMs, onAnswer }) {
    this.#url = url;
    this.#intervalMs = intervalMs;
    this.#onAnswer = onAnswer;
  }

  /** Asks at once. */
  async now() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const late = setTimeout(() => asking.abort(), TIMEOUT_MS);
    const answer = await ask(this.#url, asking.signal);
    clearTimeout(late);
    if (this.#asking !== asking) return;
    this.#asking = undefined;
    this.#onAnswer(answer);
    this.again();
  }

  /** Waits anew; to be called when the interval may have changed. */
  again() {
    if (this.#asking !== undefined) return;
    clearTimeout(this.#timer);
    const ms = this.#intervalMs();
    if (ms === Infinity) return;
    this.#timer = setTimeout(() => this.now(), ms * (1 + JITTER * (Math.random() - 0.5)));
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function ask(url, signal) {
  try {
    const response = await fetch(url, { signal, cache: "no-cache", credentials: "omit" });
    return response.ok ? await response.json() : undefined;
  } catch {
    // Without network or server there is no answer. The caller shows that.
    return undefined;
  }
}
