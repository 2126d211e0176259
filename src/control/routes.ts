/** The routes of the control API. */
import { getLogger } from "@logtape/logtape";
import { type Context, Hono, type Next } from "hono";
import type { Clock } from "../session/clock.ts";
import { type Approval, type Protocol, PROTOCOLS, PublishRefused } from "../session/ingest.ts";
import type { KeyStore } from "../session/key_store.ts";
import { UNKNOWN_REASON } from "../session/reason.ts";
import type { Session } from "../session/session.ts";
import type { SessionManager } from "../session/session_manager.ts";
import type { Authorizer, PublishWish } from "./authorization.ts";
import { bodyLimit } from "./body_limit.ts";
import { answerError, ControlError } from "./control_error.ts";
import {
  readSessionCookie,
  type SessionCookie,
  sessionCookieOf,
  setSessionCookie,
} from "./cookie.ts";
import { dryRunRoutes } from "./dry_run.ts";
import { forward } from "./forward.ts";
import type { PageOrigins } from "./page_origins.ts";
import { anyOrigin } from "../web/any_origin.ts";
import { bearerTokenOf } from "../web/bearer_token.ts";
import { peerAddress } from "../web/peer_address.ts";
import { type PublicAddress, publishAnswer } from "./publish_answer.ts";
import {
  metadataBody,
  OFFERED_FORMATS,
  parseBody,
  publishBody3,
  publishBody4,
  reasonBody,
} from "./schemas.ts";

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

/** The SRT listeners that serve one session each. */
export interface SessionPorts {
  /**
   * Opens a listener for a session that has none. It is closed when the session ends.
   * @throws {PublishRefused} of kind `limit`, where no port is free
   */
  open(session: Session): number;
  /** The port of the session's listener; `undefined` where it has none. */
  portOf(session: Session): number | undefined;
}

export interface ControlOptions {
  readonly clock: Clock;
  readonly sessions: Pick<SessionManager, "reserve" | "get" | "provenBy">;
  readonly keys: Pick<KeyStore, "expired">;
  readonly authorizer: Pick<Authorizer, "check">;
  /** Pages of other sites that may call what changes something. */
  readonly origins: Pick<PageOrigins, "check">;
  /** `undefined` where there is no SRT. */
  readonly ports: SessionPorts | undefined;
  /** What clients are told; it is read again for each answer. */
  readonly address: PublicAddress;
  /** This box's address in the cookie and between boxes. */
  readonly privateIp: string;
  /** Signs the cookie. */
  readonly cookieKey: string;
  /** The SRT port that the dry run tells. */
  readonly dryRunPort: number;
  /** Called when a session is torn down that has already ended, so that nobody waits for it. */
  readonly onLateTeardown?: (name: string, id: number) => void;
}

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

async function publish(c: Context, version: "3" | "4", options: ControlOptions): Promise<Response> {
  const name = c.req.param("name") ?? "";
  const client = peerAddress(c);
  const approval = await authorize(c, options.authorizer, { name, address: client });
  if (approval === undefined) options.origins.check(c);
  const { media, props } = await parseBody(c, version === "3" ? publishBody3 : publishBody4);
  const srt = media.protocol === "srt" ? availablePorts(options.ports) : undefined;
  if (media.protocol === "icecast" && options.address.icecastPort === undefined) {
    throw new ControlError(503, "Icecast is not available on this server");
  }
  const { session, key } = options.sessions.reserve({
    name,
    protocol: media.protocol,
    address: client,
    props: { ...props, client_ip: client },
    shown: approval === undefined ? sessionShown(c, name, options) : "credentials",
    dj: approval?.dj,
    terms: approval?.terms,
    prepare: (session) => srt?.portOf(session) ?? srt?.open(session),
  });
  const asked = new URL(c.req.url);
  setSessionCookie(c, options.cookieKey, { id: session.id, name, address: options.privateIp });
  const grant = { version, name, media, srtPort: srt?.portOf(session), key: key.token };
  return c.json(publishAnswer(grant, options.address, asked));
}

/** The session of the name whose cookie a request shows, or a key of it as Bearer token. */
function sessionShown(c: Context, name: string, options: ControlOptions): Session | undefined {
  const cookie = sessionCookieOf(c, options.cookieKey);
  const session = cookie?.name === name ? find(cookie, options) : undefined;
  if (session !== undefined) return session;
  const key = bearerTokenOf(c.req.header("Authorization"));
  return key === undefined ? undefined : options.sessions.provenBy(name, key);
}

/** As {@link Authorizer.check}; who may not publish is logged. */
async function authorize(
  c: Context,
  authorizer: ControlOptions["authorizer"],
  wish: PublishWish,
): Promise<Approval | undefined> {
  try {
    return await authorizer.check(c.req.header("Authorization"), wish);
  } catch (error) {
    if (error instanceof ControlError || error instanceof PublishRefused) {
      const { message } = error;
      logger.warning("{client} may not publish: {message}", { client: wish.address, message });
    }
    throw error;
  }
}

function availablePorts(ports: SessionPorts | undefined): SessionPorts {
  if (ports === undefined) throw new ControlError(503, "SRT is not available on this server");
  return ports;
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
    const session = existing(cookie, options);
    session.announce(reason);
    return c.json({ [call]: { name: session.name } });
  });
}

/** Tells what is heard from now on. */
async function tag(c: Context, options: ControlOptions): Promise<Response> {
  options.origins.check(c);
  return await whereSessionIs(c, options, async (cookie) => {
    const tags = await parseBody(c, metadataBody);
    const session = existing(cookie, options);
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
    const session = find(cookie, options);
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
    const { name, state } = existing(cookie, options);
    return c.json({ state: { name, state } });
  });
}

/** Answers by `here` where the cookie names this box; else the box that it names answers. */
async function whereSessionIs(
  c: Context,
  { clock, cookieKey, privateIp, address }: ControlOptions,
  here: (cookie: SessionCookie) => Response | Promise<Response>,
): Promise<Response> {
  const cookie = readSessionCookie(c, cookieKey);
  if (cookie.address === privateIp) return await here(cookie);
  const { controlPort: port } = address;
  return await forward(c, cookie.address, { clock, port });
}

/**
 * The session of a cookie.
 * @throws {ControlError} 460 where it has ended because its keys have expired; 404 where it has
 *   ended otherwise
 */
function existing(cookie: SessionCookie, options: ControlOptions): Session {
  const session = find(cookie, options);
  if (session !== undefined) return session;
  throw options.keys.expired(cookie.name)
    ? new ControlError(460, "expired token")
    : new ControlError(404, "session not found");
}

function find({ id, name }: SessionCookie, { sessions }: ControlOptions): Session | undefined {
  const session = sessions.get(id);
  return session?.name === name ? session : undefined;
}
