import { getLogger } from "@logtape/logtape";
import { Hono, type MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { SERVER_NAME } from "../version.ts";
import { noStoreByDefault } from "./cache_control.ts";

/** Where a server listens. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

const CLOSE_TIMEOUT_MS = 500;

/** One of the server's HTTP servers: routes, headers of all answers, errors as JSON. */
export class WebServer {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /**
   * @param category the log's, for errors
   * @param middleware what every request goes through before it reaches `routes`
   * @throws where the address cannot be bound
   */
  constructor(
    addr: ListenAddress,
    routes: Hono,
    category: readonly string[],
    middleware: readonly MiddlewareHandler[] = [],
  ) {
    const app = withServerHeader(routes, category, middleware);
    this.#server = Deno.serve(
      { hostname: addr.hostname, port: addr.port, onListen: () => {} },
      (request, info) => app.fetch(request, info),
    );
  }

  /** The address that is bound. */
  get addr(): Deno.NetAddr {
    return this.#server.addr;
  }

  /** Lets answers under way finish, for a moment. */
  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, CLOSE_TIMEOUT_MS);
    await Promise.race([this.#server.shutdown(), late.promise]);
    clearTimeout(timer);
  }
}

/**
 * `routes` as they are served: with `Server` and `Cache-Control` on every answer, and errors that
 * nobody expected as JSON.
 */
export function withServerHeader(
  routes: Hono,
  category: readonly string[],
  middleware: readonly MiddlewareHandler[] = [],
): Hono {
  const logger = getLogger([...category]);
  const app = new Hono();
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
    logger.error("Cannot answer {method} {path}: {error}", {
      method: c.req.method,
      path: c.req.path,
      error,
    });
    return c.json({ code: 500, message: "internal server error" }, 500);
  });
  return app;
}
