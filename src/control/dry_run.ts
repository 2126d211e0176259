/** The dry run of the control API. */
import { Hono } from "hono";
import { isValidName } from "../session/name.ts";
import { ControlError } from "./control_error.ts";
import { type PublicAddress, publishAnswer } from "./publish_answer.ts";
import { parseBody, publishBody4, reasonBody } from "./schemas.ts";

const TESTER = "echotester";

/**
 * Version 0, for developers of clients: it answers as version 4 does, but makes no session.
 * @param srtPort the port that SRT clients are told
 */
export function dryRunRoutes(address: PublicAddress, srtPort: number): Hono {
  const app = new Hono();
  app.post("/publish/:name", async (c) => {
    const name = c.req.param("name");
    if (!isValidName(name)) throw new ControlError(400, "Cannot publish: the name is not allowed");
    const { media } = await parseBody(c, publishBody4);
    return c.json(publishAnswer(
      {
        version: "0",
        name,
        media,
        srtPort: media.protocol === "srt" ? srtPort : undefined,
        key: "key",
      },
      address,
      new URL(c.req.url),
    ));
  });
  app.put("/teardown", async (c) => {
    await parseBody(c, reasonBody);
    return c.json({ teardown: { name: TESTER } });
  });
  app.all("/state", (c) => c.json({ state: { name: TESTER, state: "ready" } }));
  return app;
}
