/** Two boxes in one process that ask each other over HTTP. */
import type { Hono } from "hono";
import { derivedKey } from "../../src/fleet/derived_key.ts";
import { BoxLinks, type BoxPlace } from "../../src/fleet/links/box_links.ts";
import { fleetRoutes } from "../../src/fleet/links/fleet_routes.ts";
import type { BoxRun } from "../../src/fleet/links/request_signature.ts";
import type { Clock } from "../../src/session/clock.ts";
import { WebServer } from "../../src/web/web_server.ts";
import { FakeClock } from "../fake_clock.ts";

export interface LinkedBoxOptions {
  readonly clock?: Clock;
  /** `ECHO_PRIV_KEY`. */
  readonly sharedKey?: string;
  readonly incarnation?: string;
  /** Asks other boxes. Default: that of Deno. */
  readonly fetch?: typeof fetch;
}

/** A box that answers others, as soon as somebody asks for its place. */
export class LinkedBox implements AsyncDisposable {
  readonly links: BoxLinks;
  /** To be added to before that. */
  readonly routes: Hono;
  /** Why it has refused requests. */
  readonly refusals: string[] = [];
  readonly #own: BoxRun;
  #server: WebServer | undefined;

  constructor(id: string, options: LinkedBoxOptions = {}) {
    const { clock = new FakeClock(), sharedKey = "shared", incarnation = `run-of-${id}` } = options;
    const key = derivedKey(sharedKey, "between boxes");
    const own = this.#own = { id, incarnation };
    const { fetch } = options;
    this.links = new BoxLinks({ clock, own, key, ...fetch && { fetch } });
    this.routes = fleetRoutes({ own, key, onRefused: (why) => this.refusals.push(why) });
  }

  /** Where others find it. */
  get place(): BoxPlace {
    if (this.#server === undefined) {
      this.#server = new WebServer(
        { hostname: "127.0.0.1", port: 0 },
        this.routes,
        ["echo", "fleet"],
      );
      this.#server.listen();
    }
    return { ...this.#own, privateUrl: `http://127.0.0.1:${this.#server.addr.port}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.links.close();
    await this.#server?.close();
  }
}
