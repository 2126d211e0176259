/**
 * Asks other boxes for their names, by requests between boxes.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { NameWish } from "../../session/names.ts";
import { type BoxLinks, BoxUnreachable, LinkFull } from "../links/box_links.ts";
import type { KnownBox, NameRecord } from "../registry.ts";
import { ASK_MS, type HandoverAnswer, type Handovers } from "./handover.ts";
import { parseAnswer } from "./handover_messages.ts";

/** Asks by HTTP. */
export class BoxHandovers implements Handovers {
  readonly #links: Pick<BoxLinks, "request">;

  constructor(links: Pick<BoxLinks, "request">) {
    this.#links = links;
  }

  async ask(owner: KnownBox, wish: NameWish): Promise<HandoverAnswer | undefined> {
    const answer = await this.#ask(owner, wish.name, wish);
    if (answer === "not sent") return { kind: "refused", later: true };
    if (answer === undefined) return undefined;
    try {
      return parseAnswer(await answer.json());
    } catch (error) {
      const { id: box } = owner;
      logger.error("{box} answers what is no handover: {error}", { box, error: String(error) });
      return undefined;
    }
  }

  async taken(before: KnownBox, record: NameRecord): Promise<void> {
    await this.#ask(before, `${record.name}/taken`, record);
  }

  async has(box: KnownBox, name: string): Promise<boolean | undefined> {
    const answer = await this.#ask(box, name);
    if (answer === "not sent") return true;
    return answer && await answer.json() === true;
  }

  /**
   * @returns `undefined` where the box does not answer as one does; `not sent` where it was not asked,
   *   as too much is under way: it may well be there
   */
  async #ask(
    box: KnownBox,
    path: string,
    body?: unknown,
  ): Promise<Response | "not sent" | undefined> {
    const { id } = box;
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    try {
      const init = { ...sent, timeoutMs: ASK_MS };
      const answer = await this.#links.request(box, `/fleet/1/handover/${path}`, init);
      if (answer.ok) return answer;
      logger.error("{box} answers {status} to a handover", { box: id, status: answer.status });
    } catch (error) {
      if (!(error instanceof BoxUnreachable)) throw error;
      logger.warn("{box} cannot be asked for a name: {error}", { box: id, error: error.message });
      if (error instanceof LinkFull) return "not sent";
    }
    return undefined;
  }
}

const logger = getLogger(["echo", "fleet"]);
