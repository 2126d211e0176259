/** A control API without sockets, on a clock that is moved by hand, and requests to it. */
import type { Hono } from "hono";
import { Authorizer, type Credentials } from "../../src/control/authorization.ts";
import { PageOrigins } from "../../src/control/page_origins.ts";
import type { ControlOptions, SessionPorts } from "../../src/control/control_options.ts";
import { controlRoutes } from "../../src/control/routes.ts";
import type { Authority } from "../../src/session/authority.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import { type Protocol, PublishRefused, type Transport } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import type { Session } from "../../src/session/session.ts";
import type { AuthMode } from "../../src/session/publish_rights.ts";
import type { SessionManager } from "../../src/session/session_manager.ts";
import { FakeClock } from "../fake_clock.ts";
import { sessionManager } from "../session/session_manager.ts";

export const COOKIE_KEY = "0123456789abcdef0123456789abcdef";
export const CLIENT = "198.51.100.7";
export const TTL_MS = 7_200_000;

/** Ports that are only counted. */
export class FakePorts implements SessionPorts {
  readonly #ports = new Map<Session, number>();
  #next = 40_000;

  constructor(public free: number = 100) {}

  open(session: Session): number {
    if (this.free === 0) throw new PublishRefused("limit", "Cannot publish: no port is free");
    this.free--;
    this.#ports.set(session, this.#next);
    return this.#next++;
  }

  portOf(session: Session): number | undefined {
    return this.#ports.get(session);
  }
}

/** A connection as a door has it. */
export class Connection implements Transport {
  constructor(readonly protocol: "rtmp" | "srt" = "srt", readonly address: string = CLIENT) {}
  close(): void {}
}

export interface ApiOptions extends Partial<Omit<ControlOptions, "clock" | "sessions" | "keys">> {
  readonly auth?: AuthMode;
  readonly authority?: Authority;
  readonly credentials?: Credentials;
  readonly maxSessions?: number;
  readonly maxWaiting?: number;
}

export interface RequestOptions {
  /** A string goes as it is, the rest as JSON. */
  readonly body?: unknown;
  readonly cookie?: string;
  readonly headers?: Record<string, string>;
  /** The peer's address. */
  readonly from?: string;
}

/** A control API and what is behind it. */
export interface Api {
  readonly app: Hono;
  readonly authorizer: Authorizer;
  readonly clock: FakeClock;
  readonly keys: KeyStore;
  /** What the API takes ports from, unless it was given others. */
  readonly ports: FakePorts;
  readonly request: (method: string, path: string, request?: RequestOptions) => Promise<Response>;
  /** Events, in order. */
  readonly seen: readonly SessionEvent[];
  readonly sessions: SessionManager;
}

/** A control API on a clock that stands still. */
export function setUpApi(options: ApiOptions = {}): Api {
  const clock = new FakeClock();
  const events = new EventBus();
  const seen: SessionEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const auth = options.auth ?? "open";
  const keys = new KeyStore(clock, TTL_MS);
  const sessions = sessionManager({
    clock,
    events,
    keys,
    auth,
    authority: options.authority,
    maxSessions: options.maxSessions ?? 100,
    maxWaiting: options.maxWaiting ?? 100,
  });
  const authorizer = new Authorizer({
    mode: auth,
    credentials: options.credentials ?? "any",
    authority: options.authority,
    clock,
  });
  const ports = new FakePorts();
  const app = controlRoutes({
    clock,
    sessions,
    keys,
    authorizer,
    origins: new PageOrigins([]),
    ports,
    address: { ip: "203.0.113.5", controlPort: 5021, rtmpPort: 1935 },
    privateIp: "10.0.0.1",
    cookieKey: COOKIE_KEY,
    dryRunPort: 30_000,
    ...options,
  });
  const request: Api["request"] = async (method, path, request = {}) => {
    const headers = new Headers(request.headers);
    if (request.cookie !== undefined) headers.set("Cookie", request.cookie);
    const body = request.body === undefined ? null : bodyText(request.body);
    const remoteAddr = { transport: "tcp", hostname: request.from ?? CLIENT, port: 50_000 };
    return await app.request(path, { method, headers, body }, { remoteAddr });
  };
  return { app, authorizer, clock, keys, ports, request, seen, sessions };
}

/** The body of a publish in version 4. */
export interface PublishBody {
  readonly media: { readonly type: string; readonly protocol: string; readonly format: string };
  readonly reason: { readonly code: number; readonly message: string };
  readonly props: Readonly<Record<string, string>>;
}

/** One that is right. */
export function publishBody(protocol: Protocol = "srt"): PublishBody {
  return {
    media: { type: "audio", protocol, format: protocol === "srt" ? "aac" : "flv" },
    reason: { code: 10_000, message: "start" },
    props: { country: "IS" },
  };
}

export const REASON = { reason: { code: 20_001, message: "phone call" } };

/** `name=value` of the cookie that an answer sets. */
export function cookieOf(answer: Response): string {
  return answer.headers.get("Set-Cookie")?.split(";")[0] ?? "";
}

/** Publishes by version 4, and returns the cookie. */
export async function publish(
  { request }: Pick<Api, "request">,
  name: string = "demo",
  protocol: Protocol = "srt",
): Promise<string> {
  const answer = await request("POST", `/echo/4/publish/${name}`, { body: publishBody(protocol) });
  await answer.body?.cancel();
  return cookieOf(answer);
}

function bodyText(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}
