/** The HTTP routes of the whole fleet, for operators: how it is, and which of its boxes drain. */
import { getLogger } from "@logtape/logtape";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { BoxDrain } from "../../fleet/drain/box_drain.ts";
import type { FleetView } from "../../fleet/fleet_view.ts";
import type { BoxLinks } from "../../fleet/links/box_links.ts";
import { peerAddress } from "../../web/peer_address.ts";
import { BOX_PATH } from "./box_routes.ts";
import { prometheusTargets } from "./box_urls.ts";
import type { FleetReporter } from "./fleet_reporter.ts";

const logger = getLogger(["echo", "fleet"]);

export interface FleetStatOptions {
  readonly view: Pick<FleetView, "box" | "boxes" | "boxOf">;
  readonly reporter: Pick<FleetReporter, "report">;
  readonly links: Pick<BoxLinks, "request">;
  /** Of this box. */
  readonly drain: Pick<BoxDrain, "start" | "cancel">;
  /** Lets operators in. */
  readonly guard: MiddlewareHandler;
}

/** Any box answers for all of them. */
export function fleetStatRoutes(options: FleetStatOptions): Hono {
  const { view, reporter, guard } = options;
  const app = new Hono();
  app.get("/stat/1/fleet", guard, async (c) => {
    return c.json(await reporter.report(), 200, { "Cache-Control": "no-store" });
  });
  app.get("/stat/1/targets", guard, (c) => c.json(prometheusTargets(view.boxes)));
  app.put("/stat/1/fleet/:box/drain", guard, (c) => changeDrain(c, "start", options));
  app.delete("/stat/1/fleet/:box/drain", guard, (c) => changeDrain(c, "cancel", options));
  return app;
}

async function changeDrain(
  c: Context,
  change: "start" | "cancel",
  { view, links, drain }: FleetStatOptions,
): Promise<Response> {
  const id = c.req.param("box") ?? "";
  const box = view.boxOf(id);
  if (id !== view.box && box === undefined) {
    return c.json({ code: 404, message: "box not found" }, 404);
  }
  const what = change === "start" ? "drain" : "drain no more";
  logger.info("{client} has box {id} {what}", { client: peerAddress(c), id, what });
  if (id === view.box || box === undefined) {
    drain[change]();
    return c.body(null, 204);
  }
  try {
    const method = change === "start" ? "PUT" : "DELETE";
    const { status } = await links.request(box, `${BOX_PATH}/drain`, { method });
    if (status === 204) return c.body(null, 204);
    return c.json({ code: 502, message: `box ${id} answered with status ${status}` }, 502);
  } catch (error) {
    logger.warn("Box {id} cannot be asked: {error}", { id, error: String(error) });
    return c.json({ code: 503, message: `box ${id} does not answer` }, 503);
  }
}
