/** Asks the hook server who may publish. */
import { randomUUID } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import type { Authority, Question } from "../session/authority.ts";
import type { Clock } from "../session/clock.ts";
import { PublishRefused } from "../session/ingest.ts";
import { questionBody } from "./body.ts";
import { type HookEndpoint, HookUnreachable } from "./endpoint.ts";

/** How long the hook server may take. It is short because encoders wait, and give up soon. */
const TIMEOUT_MS = 5000;
/** How many questions may be open at a time … */
const MAX_OPEN = 64;
/** … and how many of one address, so that nobody keeps all others out. */
const MAX_OPEN_PER_ADDRESS = 8;
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
  /** The addresses of the open questions. */
  readonly #open: string[] = [];

  constructor(endpoint: HookEndpoint, clock: Clock) {
    this.#endpoint = endpoint;
    this.#clock = clock;
  }

  async ask(question: Question): Promise<void> {
    const { name, address } = question;
    const mine = this.#open.filter((other) => other === address);
    if (this.#open.length >= MAX_OPEN || mine.length >= MAX_OPEN_PER_ADDRESS) {
      throw new PublishRefused(
        "limit",
        `Cannot publish ${name}: too many wait for permission, try again later`,
      );
    }
    this.#open.push(address);
    try {
      if (!await this.#isAllowed(question)) {
        throw new PublishRefused(
          "not-allowed",
          `Cannot publish ${name}: you are not allowed to publish it`,
        );
      }
    } finally {
      this.#open.splice(this.#open.indexOf(address), 1);
    }
  }

  async #isAllowed(question: Question): Promise<boolean> {
    const body = questionBody(question, this.#clock.now());
    if (body.length > MAX_BODY_LENGTH) return false;
    const status = await this.#post(question.name, body);
    if (status < 500 && status !== 429) return status >= 200 && status < 300;
    throw this.#unavailable(question.name, `status ${status}`);
  }

  async #post(name: string, body: string): Promise<number> {
    try {
      return (await this.#endpoint.post({ id: randomUUID(), body }, TIMEOUT_MS)).status;
    } catch (error) {
      if (!(error instanceof HookUnreachable)) throw error;
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
