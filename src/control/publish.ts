/**
 * How a client of the control API begins: it is told where to publish, and by which key.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import { type Approval, PublishRefused } from "../session/ingest.ts";
import type { Shown } from "../session/places.ts";
import type { Session } from "../session/session.ts";
import { bearerTokenOf } from "../web/bearer_token.ts";
import { peerAddress } from "../web/peer_address.ts";
import type { PublishWish } from "./authorization.ts";
import { ControlError } from "./control_error.ts";
import type { ControlOptions, SessionPorts } from "./control_options.ts";
import { sessionCookieOf, setSessionCookie } from "./cookie.ts";
import { findSession } from "./find_session.ts";
import { type AskBox, passOn } from "./answering_boxes.ts";
import { publishAnswer } from "./publish_answer.ts";
import { parseBody, publishBody3, publishBody4 } from "./schemas.ts";

const logger = getLogger(["echo", "control"]);

/**
 * Reserves the session of a name, here or on the box that has the name, and tells how to publish.
 * @throws {ControlError} or {PublishRefused}
 */
export async function publish(
  c: Context,
  version: "3" | "4",
  options: ControlOptions,
): Promise<Response> {
  const name = c.req.param("name") ?? "";
  const passedOn = await publishElsewhere(c, options.others?.forPublish(name));
  if (passedOn !== undefined) return passedOn;
  const client = peerAddress(c);
  const approval = await authorize(c, options.authorizer, { name, address: client });
  if (approval === undefined) options.origins.check(c);
  const { media, props } = await parseBody(c, version === "3" ? publishBody3 : publishBody4);
  const srt = media.protocol === "srt" ? availablePorts(options.ports) : undefined;
  if (media.protocol === "icecast" && options.address.icecastPort === undefined) {
    throw new ControlError(503, "Icecast is not available on this server");
  }
  const { protocol } = media;
  await options.sessions.own({ name, protocol, address: client, shown: shownBy(c, approval) });
  const { session, key } = options.sessions.reserve({
    name,
    protocol,
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

/** The answer of the box that is asked; `undefined` where this one answers, also in its place. */
async function publishElsewhere(
  c: Context,
  ask: AskBox | undefined,
): Promise<Response | undefined> {
  if (ask === undefined) return undefined;
  try {
    return await passOn(c, ask);
  } catch (error) {
    const { path } = c.req;
    logger.warning("{path} is answered here: {error}", { path, error: String(error) });
    return undefined;
  }
}

/** What a client shows to whoever has the name. */
function shownBy(c: Context, approval: Approval | undefined): Shown {
  const key = bearerTokenOf(c.req.header("Authorization"));
  return { tokens: key === undefined ? [] : [key], approved: approval !== undefined };
}

/** The session of the name whose cookie a request shows, or a key of it as Bearer token. */
function sessionShown(c: Context, name: string, options: ControlOptions): Session | undefined {
  const cookie = sessionCookieOf(c, options.cookieKey);
  const session = cookie?.name === name ? findSession(cookie, options) : undefined;
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
