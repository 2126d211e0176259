/** The routes of the control API. */
import { getLogger } from "@logtape/logtape";
import { type Context, Hono, type Next } from "hono";
import { type Protocol, PROTOCOLS } from "../session/ingest.ts";
import { UNKNOWN_REASON } from "../session/reason.ts";
import { anyOrigin } from "../web/any_origin.ts";
import { peerAddress } from "../web/peer_address.ts";
import { bodyLimit } from "./body_limit.ts";
import { answerError, ControlError } from "./control_error.ts";
import type { ControlOptions } from "./control_options.ts";
import { readSessionCookie, type SessionCookie } from "./cookie.ts";
import { dryRunRoutes } from "./dry_run.ts";
import { existingSession, findSession } from "./find_session.ts";
import { forward } from "./forward.ts";
import { type AskBox, passOn } from "./answering_boxes.ts";
import { publish } from "./publish.ts";
import type { PublicAddress } from "./publish_answer.ts";
import { metadataBody, OFFERED_FORMATS, parseBody, reasonBody } from "./schemas.ts";

const logger = getLogger(["echo", "control"]);

const MAX_BODY_BYTES = 4096;

const VERSIONS = [1, 2, 3, 4];

/** The versions that have each call. */
const VERSIONS_OF_CALL: ReadonlyMap<string, readonly string[]> = new Map([
  ["publish", ["0", "3", "4"]],
  ["pause", ["4"]],
  ["resume", ["4"]],
  ["metadata", ["4"]],
  ["teardown", ["0", "3", "4"]],
  ["state", ["0", "4"]],
]);

/**
 * The control API: with it clients open and end broadcasts, announce reasons, and ask for the
 * state. `app.fetch` takes what the HTTP server tells of the connection as its second argument.
 */
export function controlRoutes(options: ControlOptions): Hono {
  const { address } = options;
  const app = new Hono();
  app.onError(answerError);
  app.notFound((c) => answerError(new ControlError(404, "not found"), c));
  app.use(anyOrigin(["GET", "HEAD", "POST", "PUT"]));
  app.use(bodyLimit(MAX_BODY_BYTES));
  app.get(
    "/echo/option",
    (c) =>
      c.json({ versions: VERSIONS, protocols: protocolsOf(address), formats: OFFERED_FORMATS }),
  );
  app.use("/echo/:version/:call/*", checkVersion);

  app.route("/echo/0", dryRunRoutes(address, options.dryRunPort));
  app.post("/echo/3/publish/:name", (c) => publish(c, "3", options));
  app.post("/echo/4/publish/:name", (c) => publish(c, "4", options));
  app.put("/echo/4/pause", (c) => announce(c, "pause", options));
  app.put("/echo/4/resume", (c) => announce(c, "resume", options));
  app.put("/echo/4/metadata", (c) => tag(c, options));
  app.post("/echo/3/teardown", (c) => teardown(c, "3", options));
  app.put("/echo/4/teardown", (c) => teardown(c, "4", options));
  app.all("/echo/4/state", (c) => tellState(c, options));
  return app;
}

/** Sources of Icecast have a port where that is asked for alone. */
function protocolsOf({ icecastPort }: PublicAddress): readonly Protocol[] {
  return PROTOCOLS.filter((protocol) => protocol !== "icecast" || icecastPort !== undefined);
}

async function checkVersion(c: Context, next: Next): Promise<void> {
  const { version = "", call = "" } = c.req.param();
  const versions = VERSIONS_OF_CALL.get(call);
  if (versions !== undefined && !versions.includes(version)) {
    throw new ControlError(400, `unsupported version: ${call} is in ${versions.join(", ")}`);
  }
  await next();
}

/** Announces the reason of the next pause or resume; the connection causes the pause itself. */
async function announce(
  c: Context,
  call: "pause" | "resume",
  options: ControlOptions,
): Promise<Response> {
  options.origins.check(c);
  return await whereSessionIs(c, options, async (cookie) => {
    const { reason } = await parseBody(c, reasonBody);
    const session = existingSession(cookie, options);
    session.announce(reason);
    return c.json({ [call]: { name: session.name } });
  });
}

/** Tells what is heard from now on. */
async function tag(c: Context, options: ControlOptions): Promise<Response> {
  options.origins.check(c);
  return await whereSessionIs(c, options, async (cookie) => {
    const tags = await parseBody(c, metadataBody);
    const session = existingSession(cookie, options);
    session.setTags(tags);
    return c.json({ metadata: { name: session.name } });
  });
}

/** Ends the session. It is no error if the session has already ended. */
async function teardown(
  c: Context,
  version: "3" | "4",
  options: ControlOptions,
): Promise<Response> {
  options.origins.check(c);
  return await whereSessionIs(c, options, async (cookie) => {
    const { reason } = version === "3"
      ? { reason: UNKNOWN_REASON }
      : await parseBody(c, reasonBody);
    const session = findSession(cookie, options);
    session?.end("teardown", reason);
    if (session === undefined) options.onLateTeardown?.(cookie.name, cookie.id);
    else {
      logger.info("{client} ended it: {message} ({code})", {
        client: peerAddress(c),
        ...reason,
        name: session.name,
        id: session.id,
      });
    }
    return c.json({ teardown: { name: cookie.name } });
  });
}

async function tellState(c: Context, options: ControlOptions): Promise<Response> {
  return await whereSessionIs(c, options, (cookie) => {
    const { name, state } = existingSession(cookie, options);
    return c.json({ state: { name, state } });
  });
}

/** Answers by `here` where this box has the session of the cookie; else the box that has it does. */
async function whereSessionIs(
  c: Context,
  options: ControlOptions,
  here: (cookie: SessionCookie) => Response | Promise<Response>,
): Promise<Response> {
  const { clock, cookieKey, privateIp, address, others, isPassedOn = false } = options;
  const cookie = readSessionCookie(c, cookieKey);
  const ask = isPassedOn ? "here" : others?.forSession(cookie);
  if (ask === "here") return await here(cookie);
  if (ask !== undefined) return await askElsewhere(c, ask);
  if (cookie.address === privateIp) return await here(cookie);
  const { controlPort: port } = address;
  return await forward(c, cookie.address, { clock, port });
}

async function askElsewhere(c: Context, ask: AskBox): Promise<Response> {
  try {
    return await passOn(c, ask);
  } catch (error) {
    const { path } = c.req;
    logger.warning("Cannot pass {path} on: {error}", { path, error: String(error) });
    throw new ControlError(503, "the server that has the session does not answer");
  }
}
