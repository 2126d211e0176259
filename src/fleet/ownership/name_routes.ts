/**
 * How boxes ask each other for what they have, over HTTP.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { Hono } from "hono";
import { z } from "zod";
import { type BoxLinks, BoxUnreachable } from "../links/box_links.ts";
import { NAME_RECORD } from "./handover_messages.ts";
import type { NameExchange, NameExchangeOptions } from "./name_exchange.ts";

/** `POST /` tells of the asker's names, and asks for those of this box. */
export function nameRoutes(exchange: Pick<NameExchange, "answer">): Hono {
  const app = new Hono();
  app.post("/", async (c) => c.json(exchange.answer(QUESTION.parse(await c.req.json()))));
  return app;
}

/** Asks by requests between boxes. */
export function askForNames(links: Pick<BoxLinks, "request">): NameExchangeOptions["ask"] {
  return async (box, question) => {
    try {
      const init = { method: "POST", body: JSON.stringify(question) };
      const answer = await links.request(box, "/fleet/1/names", init);
      if (answer.ok) return NEWS.parse(await answer.json());
      logger.error("{box} answers {status} to a question for names", {
        ...{ box: box.id, status: answer.status },
      });
    } catch (error) {
      if (!(error instanceof BoxUnreachable || error instanceof z.ZodError)) throw error;
      logger.debug("{box} tells nothing of its names: {error}", {
        ...{ box: box.id, error: error.message },
      });
    }
    return undefined;
  };
}

const SINCE = { incarnation: z.string(), version: z.number() };
const QUESTION = z.object({ since: z.object(SINCE), records: z.array(NAME_RECORD) });
const NEWS = z.object({ ...SINCE, records: z.array(NAME_RECORD) });

const logger = getLogger(["echo", "fleet"]);
