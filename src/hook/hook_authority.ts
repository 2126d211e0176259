/** Asks the hook server who may publish. */
import { randomUUID } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import type { Authority, Question } from "../session/authority.ts";
import type { Clock } from "../session/clock.ts";
import { type Approval, PublishRefused } from "../session/ingest.ts";
import { networkOf } from "../session/network.ts";
import { Shares } from "../session/shares.ts";
import { questionBody } from "./body.ts";
import { type HookEndpoint, HookUnreachable } from "./endpoint.ts";

/** How long the hook server may take. It is short because encoders wait, and give up soon. */
const TIMEOUT_MS = 5000;
/** Of sources of Icecast, many of which wait for 4 s. */
const ICECAST_TIMEOUT_MS = 3000;
/** How many questions may be open at a time … */
const MAX_OPEN = 64;
/** … and how many of one address. */
const MAX_OPEN_PER_ADDRESS = 8;
/** Who was let in lately is asked about for certain; so many addresses are remembered. */
const MAX_KNOWN = 1000;
/** Longer than a question with any real credentials. Longer ones are not sent. */
const MAX_BODY_LENGTH = 16_384;

const logger = getLogger(["echo", "hook"]);

/**
 * Asks the hook server who may publish. 2xx means yes; 429 and 5xx count as no answer; any other
 * status means no.
 */
export class HookAuthority implements Authority {
  readonly #endpoint: HookEndpoint;
  readonly #clock: Clock;
  readonly #shares = new Shares({ total: MAX_OPEN, perAddress: MAX_OPEN_PER_ADDRESS });
  /** Networks that somebody was let in from, the latest last. */
  readonly #known = new Set<string>();

  constructor(endpoint: HookEndpoint, clock: Clock) {
    this.#endpoint = endpoint;
    this.#clock = clock;
  }

  async ask(question: Question): Promise<Approval> {
    const { name, address } = question;
    const network = networkOf(address);
    const gaveWay = new AbortController();
    const place = this.#shares.take({
      ...{ address, client: name, keeps: this.#known.has(network) },
      giveWay: () => gaveWay.abort(),
    });
    if (place === undefined) throw tooMany(name);
    try {
      if (!await this.#isAllowed(question, gaveWay.signal)) {
        throw new PublishRefused(
          "not-allowed",
          `Cannot publish ${name}: you are not allowed to publish it`,
        );
      }
      this.#remember(network);
      return { name };
    } finally {
      place.release();
    }
  }

  #remember(network: string): void {
    this.#known.delete(network);
    this.#known.add(network);
    const [oldest] = this.#known;
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  async #isAllowed(question: Question, gaveWay: AbortSignal): Promise<boolean> {
    const body = questionBody(question, this.#clock.now());
    if (body.length > MAX_BODY_LENGTH) return false;
    const status = await this.#post(question, body, gaveWay);
    if (status < 500 && status !== 429) return status >= 200 && status < 300;
    throw this.#unavailable(question.name, `status ${status}`);
  }

  async #post(
    { name, protocol }: Question,
    body: string,
    gaveWay: AbortSignal,
  ): Promise<number> {
    const timeoutMs = protocol === "icecast" ? ICECAST_TIMEOUT_MS : TIMEOUT_MS;
    try {
      return (await this.#endpoint.post({ id: randomUUID(), body }, timeoutMs, gaveWay)).status;
    } catch (error) {
      if (!(error instanceof HookUnreachable)) throw error;
      if (gaveWay.aborted) throw tooMany(name);
      throw this.#unavailable(name, error.message);
    }
  }

  #unavailable(name: string, why: string): PublishRefused {
    logger.warn("The hook server {server} cannot be asked who may publish: {why}", {
      server: this.#endpoint.origin,
      why,
    });
    return new PublishRefused(
      "unavailable",
      `Cannot publish ${name}: the server that decides about it does not answer; try again later`,
    );
  }
}

function tooMany(name: string): PublishRefused {
  return new PublishRefused(
    "limit",
    `Cannot publish ${name}: too many wait for permission, try again later`,
  );
}
