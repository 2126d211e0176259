/**
 * What a box answers other boxes: routes below `/fleet/1/`, for requests that are signed.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { readAtMost } from "../../web/read_at_most.ts";
import {
  type BoxRun,
  DIGEST_FIELD,
  digestOf,
  FROM_FIELD,
  isSigned,
  NUMBER_FIELD,
  runOf,
  runText,
  SIGNATURE_FIELD,
  TO_FIELD,
} from "./request_signature.ts";
import { SeenRequests } from "./seen_requests.ts";

/** Under which all requests between boxes are. */
export const FLEET_PATH = "/fleet/1";

export interface FleetRoutesOptions {
  /** This box. */
  readonly own: BoxRun;
  /** `derivedKey(…, "between boxes")`. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** Says that a request was refused, and why; not to be said of each. */
  readonly onRefused?: (why: string) => void;
}

/**
 * Lets signed requests through, once each, and their bodies up to 1 MiB. What boxes ask each other is
 * mounted here, each part on a path of its own, before the server listens:
 * `routes.route("/handover", handoverRoutes(…))` answers `/fleet/1/handover/…`. What is answered here
 * asks no third box.
 */
export function fleetRoutes(options: FleetRoutesOptions): Hono {
  const seen = new SeenRequests();
  const app = new Hono().basePath(FLEET_PATH);
  app.use(async (c, next) => {
    const refusal = await refusalOf(c, options, seen);
    if (refusal === undefined) return await next();
    options.onRefused?.(refusal.message);
    const { status, message } = refusal;
    // Who knew an earlier run of this box learns which one it has to ask.
    return c.json({ code: status, message }, status, { [TO_FIELD]: runText(options.own) });
  });
  return app;
}

/** The box that has sent a request, for routes that are mounted. */
export function askedBy(c: Context): BoxRun {
  const from = runOf(c.req.header(FROM_FIELD) ?? "");
  if (from === undefined) throw new Error("Cannot tell who asks: the request is not signed");
  return from;
}

interface RefusedRequest {
  readonly status: 400 | 401 | 413 | 421;
  readonly message: string;
}

/** Looks at who asks before it reads the body. @returns `undefined` where the request is good */
async function refusalOf(
  c: Context,
  { own, key }: FleetRoutesOptions,
  seen: SeenRequests,
): Promise<RefusedRequest | undefined> {
  const field = (name: string) => c.req.header(name) ?? "";
  const from = runOf(field(FROM_FIELD));
  const to = runOf(field(TO_FIELD));
  const number = Number(field(NUMBER_FIELD));
  const digest = field(DIGEST_FIELD);
  if (from === undefined || to === undefined || !Number.isSafeInteger(number)) return NOT_SIGNED;
  const { pathname, search } = new URL(c.req.url);
  const parts = { method: c.req.method, target: pathname + search, digest, from, to, number };
  if (!isSigned(key, parts, field(SIGNATURE_FIELD))) return NOT_SIGNED;
  if (runText(to) !== runText(own)) return OTHER_RUN;
  if (!seen.take(runText(from), number)) return REPEATED;
  return await readBody(c, digest);
}

/** Routes find the body where Hono keeps one that was read. */
async function readBody(c: Context, digest: string): Promise<RefusedRequest | undefined> {
  const { body } = c.req.raw;
  const bytes = body === null ? NOTHING : await readAtMost(body, MAX_BODY_BYTES);
  if (bytes === undefined) return TOO_LARGE;
  if (digestOf(bytes) !== digest) return OTHER_BODY;
  // Sound: Hono keeps promises there, which its type does not say.
  if (body !== null) {
    Object.assign(c.req.bodyCache, { arrayBuffer: Promise.resolve(bytes.buffer) });
  }
  return undefined;
}

const NOT_SIGNED: RefusedRequest = {
  status: 401,
  message:
    "the signature is not that of a box of this fleet; ECHO_PRIV_KEY is the same on all boxes",
};
const OTHER_RUN: RefusedRequest = {
  status: 421,
  message: "the request is for another run of a box",
};
const REPEATED: RefusedRequest = { status: 401, message: "the request has come before" };
const OTHER_BODY: RefusedRequest = {
  status: 401,
  message: "the body is not the one that is signed",
};
const TOO_LARGE: RefusedRequest = { status: 413, message: "the body is too large" };
const MAX_BODY_BYTES = 2 ** 20;
const NOTHING = new Uint8Array();
