/** Which pages may have browsers call the control API where no Authorization is checked. */
import type { Context } from "hono";
import { hasForeignOrigin, isRebound } from "../web/browser_request.ts";
import { ControlError } from "./control_error.ts";

/**
 * Origins whose pages may change something without showing credentials that are checked. Any website
 * can have its visitors' browsers send requests, also to servers that it does not reach itself.
 */
export class PageOrigins {
  #allowed: ReadonlySet<string>;

  /** @param allowed as browsers write them in `Origin` (RFC 6454 6.2) */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed);
  }

  /** Lets pages of `allowed` in from now on, and no others. */
  replace(allowed: readonly string[]): void {
    this.#allowed = new Set(allowed);
  }

  /**
   * Who sends no Origin is no page. A page of this server's own address is let in, but not where it
   * was asked for by a name: any site's name can be made to point here.
   * @throws {ControlError} 403 where the request is from a page of another origin
   */
  check(c: Context): void {
    const origin = c.req.header("Origin");
    if (origin === undefined || this.#allowed.has(origin)) return;
    if (hasForeignOrigin(c) || isRebound(c)) {
      throw new ControlError(403, "pages of other sites may not call this: see ECHO_ORIGINS");
    }
  }
}
