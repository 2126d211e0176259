/** The HTTP routes of what is typed into encoders: operators get it, with a key for a name. */
import { getLogger } from "@logtape/logtape";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import {
  type EncoderClaim,
  type EncoderHost,
  encoderSettings,
  larixLink,
} from "../../encoders/encoder_settings.ts";
import type { Clock } from "../../session/clock.ts";
import type { KeyStore } from "../../session/key_store.ts";
import { isValidName } from "../../session/name.ts";
import type { AuthMode } from "../../session/publish_rights.ts";
import { peerAddress } from "../../web/peer_address.ts";

const logger = getLogger(["echo", "stat"]);

/** Stands where a key does that nobody here knows: no name and no user holds it. */
const PLACEHOLDER = "{KEY}";

const NO_STORE = { "Cache-Control": "no-store" };

/** A DJ, as operators see him. */
export interface ListedDj {
  readonly user: string;
  readonly names: readonly string[];
}

export interface EncoderRoutesOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly keys: Pick<KeyStore, "create">;
  readonly auth: AuthMode;
  /** Those who may publish; none where DJs are not known. */
  readonly djs: () => readonly ListedDj[];
  /** Where encoders find this box, which was asked for by `host`. */
  readonly at: (host: string) => EncoderHost;
  /** Lets operators in. */
  readonly guard: MiddlewareHandler;
}

/**
 * What is typed into encoders to publish a name. `GET` tells it with `{KEY}` in the place of the key;
 * `POST` makes a key, which is told this once. Where anybody may publish, there is none.
 */
export function encoderRoutes(options: EncoderRoutesOptions): Hono {
  const { auth, djs, guard } = options;
  const app = new Hono();
  app.use("/stat/1/encoders/*", guard);
  app.get("/stat/1/encoders", (c) => {
    return c.json({ keys: auth !== "open", djs: djs() }, 200, NO_STORE);
  });
  app.get("/stat/1/encoders/:name", (c) => {
    const user = c.req.query("dj");
    if (user !== undefined && !djs().some((dj) => dj.user === user)) return notFound(c);
    return tell(c, options, { user, key: auth === "open" ? undefined : PLACEHOLDER });
  });
  app.post("/stat/1/encoders/:name", (c) => {
    const name = c.req.param("name");
    if (auth === "open" || !isValidName(name)) return tell(c, options, {});
    const { token, expiresAt } = options.keys.create(name);
    const seconds = Math.floor((expiresAt - options.clock.monotonic()) / 1000);
    logger.info("{client} made a key for it by the statistics API", {
      client: peerAddress(c),
      name,
    });
    return tell(c, options, { key: token, ...(Number.isFinite(seconds) ? { seconds } : {}) });
  });
  return app;
}

/** @param claim `seconds`: for how long the key is valid, where it does not stay so */
function tell(
  c: Context,
  { at }: EncoderRoutesOptions,
  { seconds, ...claim }: Partial<EncoderClaim> & { readonly seconds?: number },
): Response {
  const name = c.req.param("name") ?? "";
  if (!isValidName(name)) return c.json({ code: 400, message: "no name of a broadcast" }, 400);
  const host = at(new URL(c.req.url).hostname);
  const { key = null } = claim;
  return c.json(
    {
      ...{ name, key, seconds: seconds ?? null },
      settings: encoderSettings({ ...claim, name }, host),
      larix: larixLink({ ...claim, name }, host) ?? null,
    },
    200,
    NO_STORE,
  );
}

function notFound(c: Context): Response {
  return c.json({ code: 404, message: "no such DJ" }, 404);
}
