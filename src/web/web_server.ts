/** An HTTP server of Echo: it listens, serves routes, and stops. */
import { getLogger } from "@logtape/logtape";
import { Hono, type MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { TrustedProxies } from "../http/addresses.ts";
import { type ConnectionCounts, ConnectionLimits } from "../http/connection_limits.ts";
import { HttpError } from "../http/http_error.ts";
import { HttpServer, type ListenAddress } from "../http/http_server.ts";
import type { SharedContents } from "../http/prepared_answers.ts";
import { type Clock, systemClock } from "../session/clock.ts";
import type { CurrentCertificate } from "../tls/current_certificate.ts";
import { SERVER_NAME } from "../version.ts";
import { noStoreByDefault } from "./cache_control.ts";
import { maskedPath } from "./masked_path.ts";

export interface WebServerOptions {
  /** What every request goes through before it reaches the routes. */
  readonly middleware?: readonly MiddlewareHandler[];
  /** The path of a request that routes go by; that of its URL by default. */
  readonly getPath?: ((request: Request) => string) | undefined;
  readonly clock?: Clock;
  /** How many connections it may have; as many as come by default. */
  readonly counts?: ConnectionCounts;
  /** Has all be served over TLS, with this certificate. */
  readonly certificate?: CurrentCertificate;
  /** See `TlsListenerOptions`. */
  readonly handshakesPerSecond?: number;
  /** Whether other threads may listen on the same port. */
  readonly reusePort?: boolean;
  /** What the routes are asked for at first only; nothing by default. */
  readonly shared?: SharedContents;
}

/** One of the server's HTTP servers: routes, headers of all answers, errors as JSON. */
export class WebServer extends HttpServer {
  /** @param category the log's, for errors */
  constructor(
    addr: ListenAddress,
    routes: Hono,
    category: readonly string[],
    { middleware, getPath, clock = systemClock, counts = unlimited(), ...more }: WebServerOptions =
      {},
  ) {
    const app = withServerHeader(routes, category, middleware, getPath);
    super({
      ...{ addr, clock, category, counts, ...more },
      serverName: SERVER_NAME,
      handler: (request, info) => app.fetch(request, info),
    });
  }
}

function unlimited(): ConnectionCounts {
  return new ConnectionLimits({
    maxConnections: Infinity,
    maxPerAddress: Infinity,
    maxTogether: Infinity,
    proxies: new TrustedProxies([]),
  }).addServer("any");
}

/**
 * `routes` as they are served: with `Server` and `Cache-Control` on every answer, and errors that
 * nobody expected as JSON.
 */
export function withServerHeader(
  routes: Hono,
  category: readonly string[],
  middleware: readonly MiddlewareHandler[] = [],
  getPath?: (request: Request) => string,
): Hono {
  const logger = getLogger([...category]);
  const app = new Hono(getPath === undefined ? {} : { getPath });
  app.use(async (c, next) => {
    await next();
    c.res.headers.set("Server", SERVER_NAME);
  });
  app.use(noStoreByDefault);
  for (const handler of middleware) app.use(handler);
  app.route("/", routes);
  app.notFound((c) => c.json({ code: 404, message: "not found" }, 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof HttpError) {
      return c.json({ code: error.status, message: error.message }, error.status);
    }
    logger.error("Cannot answer {method} {path}: {error}", {
      method: c.req.method,
      path: maskedPath(c.req.path),
      error: isRefusal(error) ? error.message : error,
    });
    return c.json({ code: 500, message: "internal server error" }, 500);
  });
  return app;
}

/**
 * Whether the system refused something, as where no file descriptor is left. That is no bug, and its
 * stack must not be looked at: Deno opens files for that, and dies where it cannot.
 */
function isRefusal(error: Error): boolean {
  return "code" in error && typeof error.code === "string";
}
