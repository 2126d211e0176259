/** What a box is asked by others for the view of the whole fleet: how it is, and that it drain. */
import { Hono } from "hono";
import type { BoxDrain } from "../../fleet/drain/box_drain.ts";
import type { BoxReport } from "./box_report.ts";

/** Where these routes are, on each box. */
export const BOX_PATH = "/fleet/1/box";

export interface BoxRoutesOptions {
  readonly report: () => BoxReport;
  readonly drain: Pick<BoxDrain, "start" | "cancel">;
}

/** For requests of other boxes, which are let in before. To be mounted at {@link BOX_PATH}. */
export function boxRoutes({ report, drain }: BoxRoutesOptions): Hono {
  const app = new Hono();
  app.get("/", (c) => c.json(report()));
  app.put("/drain", (c) => {
    drain.start();
    return c.body(null, 204);
  });
  app.delete("/drain", (c) => {
    drain.cancel();
    return c.body(null, 204);
  });
  return app;
}
