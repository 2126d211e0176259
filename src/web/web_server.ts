/** An HTTP server of Echo: it listens, serves routes, and stops. */
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
/** Servers that listen no more and keep their connections; the oldest of more lets them go. */
const MAX_ENDED = 100;

/** One of the server's HTTP servers: routes, headers of all answers, errors as JSON. */
export class WebServer {
  readonly #app: Hono;
  readonly #addr: ListenAddress;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  /** These listen no more, and still serve the connections that they have. */
  readonly #ended = new Set<Deno.HttpServer>();
  #closed = false;

  /**
   * @param category the log's, for errors
   * @param middleware what every request goes through before it reaches `routes`
   */
  constructor(
    addr: ListenAddress,
    routes: Hono,
    category: readonly string[],
    middleware: readonly MiddlewareHandler[] = [],
  ) {
    this.#addr = addr;
    this.#app = withServerHeader(routes, category, middleware);
  }

  /**
   * Listens. `Deno.serve` ends where no file descriptor is left for a connection; it may be called
   * again then.
   * @param onEnd called once, when it has ended and nobody closed it
   * @throws where the address cannot be bound
   */
  listen(onEnd: (why: Error) => void = () => {}): void {
    const { hostname, port } = this.#addr;
    const server = Deno.serve(
      { hostname, port, onListen: () => {} },
      (request, info) => this.#app.fetch(request, info),
    );
    this.#server = server;
    const ended = (why: Error) => {
      if (this.#closed) return;
      this.#ended.add(server);
      const [oldest] = this.#ended;
      if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#letGo(oldest);
      onEnd(why);
    };
    server.finished.then(() => ended(new Error("it has stopped")), ended);
  }

  /** The address that is bound. @throws where it never listened */
  get addr(): Deno.NetAddr {
    if (this.#server === undefined) throw new Error("Cannot tell the address: not listening");
    return this.#server.addr;
  }

  /** Closes the connections of those that ended, each when nothing is under way on it. */
  letGo(): void {
    for (const server of this.#ended) this.#letGo(server);
  }

  #letGo(server: Deno.HttpServer): void {
    this.#ended.delete(server);
    server.shutdown();
  }

  /** Lets answers under way finish, for a moment. */
  async close(): Promise<void> {
    this.#closed = true;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, CLOSE_TIMEOUT_MS);
    const servers = [this.#server, ...this.#ended];
    await Promise.race([Promise.all(servers.map((server) => server?.shutdown())), late.promise]);
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
