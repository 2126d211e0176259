/**
 * How a box answers others that ask for its names, or tell of theirs.
 *
 * @module
 */
import { Hono } from "hono";
import { askedBy } from "../links/fleet_routes.ts";
import { parseToldName, parseWish } from "./handover_messages.ts";
import type { OwnedNames } from "./owned_names.ts";

/**
 * `GET /:name` asks whether this box has a name, `POST /:name` asks for it, `POST /:name/taken` tells
 * that the asker has it.
 */
export function handoverRoutes(names: Pick<OwnedNames, "handOver" | "has" | "taken">): Hono {
  const app = new Hono();
  app.get("/:name", (c) => c.json(names.has(c.req.param("name"))));
  app.post("/:name", async (c) => {
    const wish = parseWish(await c.req.json());
    return c.json(await names.handOver(wish, askedBy(c)));
  });
  app.post("/:name/taken", async (c) => {
    names.taken(parseToldName(await c.req.json()));
    return c.body(null, 204);
  });
  return app;
}
