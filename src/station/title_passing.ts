/** Titles that are told at one box of the fleet about a broadcast of another. */
import { getLogger } from "@logtape/logtape";
import { Hono } from "hono";
import { z } from "zod";
import { FLEET_PATH } from "../fleet/links/fleet_routes.ts";
import type { KnownBox } from "../fleet/registry.ts";
import {
  PROTOCOLS,
  PublishRefused,
  type PublishRequest,
  type Reading,
  REFUSAL_KINDS,
} from "../session/ingest.ts";
import type { Tags } from "../session/tags.ts";
import { boxWithName, type PassingParts } from "./control_passing.ts";

/**
 * Tells what is heard in a broadcast from now on.
 * @returns whether it is on air
 * @throws {PublishRefused} where the client may not publish it
 */
export type TellTitle = (request: PublishRequest, tags: Tags) => Promise<boolean>;

/** Where titles are passed on to, below {@link FLEET_PATH}. */
export const TITLE_PATH = "/title";

const logger = getLogger(["echo", "fleet"]);

const reading = z.object({
  name: z.string(),
  key: z.string().optional(),
  user: z.string().optional(),
  application: z.enum(["usual", "unusual"]).optional(),
});

const toldTitle = reading.extend({
  others: z.array(reading),
  protocol: z.enum(PROTOCOLS),
  /** The client's. */
  address: z.string(),
  title: z.string().optional(),
  artist: z.string().optional(),
});

const answer = z.object({
  isOnAir: z.boolean(),
  refusal: z.object({ kind: z.enum(REFUSAL_KINDS), message: z.string() }).optional(),
});

/** Tells titles where their broadcasts are: at this box by `here`, at another one by one request. */
export function titleTeller({ member, links }: PassingParts, here: TellTitle): TellTitle {
  return async (request, tags) => {
    const { name, key, user, application, others = [], transport: { protocol, address } } = request;
    const names = [request, ...others].map(({ name }) => name);
    const box = names.map((name) => boxWithName(member, name)).find((box) => box !== undefined);
    if (box === undefined || box.id === member.box) return await here(request, tags);
    const told: z.infer<typeof toldTitle> = {
      ...{ name, key, user, application, others: others.map(plain), protocol, address, ...tags },
    };
    const { isOnAir, refusal } = await ask(links, box, told);
    if (refusal !== undefined) throw new PublishRefused(refusal.kind, refusal.message);
    return isOnAir;
  };
}

async function ask(
  links: PassingParts["links"],
  box: KnownBox,
  told: z.infer<typeof toldTitle>,
): Promise<z.infer<typeof answer>> {
  try {
    const init = { method: "POST", body: JSON.stringify(told), sender: "publishers" as const };
    const said = await links.request(box, `${FLEET_PATH}${TITLE_PATH}`, init);
    return answer.parse(await said.json());
  } catch (error) {
    const { name } = told;
    logger.warn("The title of {name} cannot be told: {error}", { name, error: String(error) });
    throw new PublishRefused("unavailable", "the server that has the broadcast does not answer");
  }
}

/** Answers boxes to which somebody has told the title of a broadcast of this one. */
export function titleRoutes(here: TellTitle): Hono {
  const app = new Hono();
  app.post("/", async (c) => {
    const { title, artist, others, protocol, address, ...first } = toldTitle.parse(
      await c.req.json(),
    );
    const transport = { protocol, address, close: () => {} };
    const request = { ...readingOf(first), others: others.map(readingOf), transport };
    try {
      return c.json({ isOnAir: await here(request, { title, artist }) });
    } catch (error) {
      if (!(error instanceof PublishRefused)) throw error;
      const { kind, message } = error;
      return c.json({ isOnAir: false, refusal: { kind, message } });
    }
  });
  return app;
}

function plain({ name, key, user, application }: Reading): z.infer<typeof reading> {
  return { name, key, user, application };
}

function readingOf({ name, key, user, application }: z.infer<typeof reading>): Reading {
  return { name, key, user, ...(application === undefined ? {} : { application }) };
}
