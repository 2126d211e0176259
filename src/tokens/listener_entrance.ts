/** Who is let in to what listeners are served: by a token in the path, by what a CDN shows. */
import type { Context, MiddlewareHandler } from "hono";
import { getPath } from "hono/utils/url";
import { endAnswersAt } from "../web/answer_end.ts";
import { Attempts } from "../web/attempts.ts";
import type { Clock } from "../session/clock.ts";
import { isValidName } from "../session/name.ts";
import { peerAddress } from "../web/peer_address.ts";
import { isSameSecret } from "../web/same_secret.ts";
import { allows, allowsSomewhere, type Right } from "./rights.ts";
import { TokenRefused } from "./token_refused.ts";
import type { TokenVerifier } from "./token_verifier.ts";

/** The header by which a CDN shows that it is one. */
export const ORIGIN_FIELD = "x-echo-origin";

export interface ListenerEntranceOptions {
  readonly clock: Pick<Clock, "monotonic" | "after">;
  /** Where broadcasts are, without slashes around it. */
  readonly path: string;
  /** Other paths that listeners need, without slashes around them: nobody gets there by a token. */
  readonly others: readonly string[];
  /** What is below {@link path}, is no name, and is open to all: what pages load. */
  readonly open: string;
  /** What is there, is no name, and is for all who may listen to anything. */
  readonly common: string;
  /** Checks the tokens that listeners need; `undefined` where they need none. */
  readonly tokens: Pick<TokenVerifier, "known" | "verify"> | undefined;
  /** What a CDN has to show; `undefined` where anybody may ask. */
  readonly originSecret: string | undefined;
  /**
   * Makes the page that tells people why they are not let in.
   * @param open the folder {@link open}, relative to the page
   */
  readonly page: (why: string, open: string) => EntrancePage;
}

/** A page as HTML, with its headers. */
export interface EntrancePage {
  readonly markup: Parameters<Context["html"]>[0];
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Looks at each request before its route does. A token is taken out of the path, `/cast/~TOKEN/NAME/`:
 * relative URLs keep it, and neither routes nor logs nor metrics learn of it.
 */
export class ListenerEntrance {
  readonly #options: ListenerEntranceOptions;
  readonly #attempts: Attempts;
  readonly #prefix: string;

  constructor(options: ListenerEntranceOptions) {
    this.#options = options;
    this.#attempts = new Attempts(options.clock);
    this.#prefix = `/${options.path}/`;
  }

  /** Whether listeners need tokens. */
  get asksForTokens(): boolean {
    return this.#options.tokens !== undefined;
  }

  /** The path of a request as routes are to have it. */
  readonly getPath = (request: Request): string => this.withoutToken(getPath(request));

  /** Answers 403 in the place of the routes where somebody is not let in. */
  readonly guard: MiddlewareHandler = async (c, next) => {
    if (!this.#covers(c.req.path)) return await next();
    const { originSecret, tokens } = this.#options;
    if (originSecret !== undefined && !this.#isOrigin(c.req.header(ORIGIN_FIELD))) {
      return await this.#refuse(c, 403, "only a CDN that shows X-Echo-Origin is served here");
    }
    if (tokens === undefined) return await next();
    const refusal = await this.#refusal(c, tokens);
    if (refusal !== undefined) return refusal;
    await next();
    keepPrivate(c);
  };

  /** Whether one who sends this value of {@link ORIGIN_FIELD} is let in, as far as that goes. */
  admits(shown: string): boolean {
    return this.#options.originSecret === undefined || this.#isOrigin(shown);
  }

  /**
   * What a plain request for `target` asks for, without the token.
   * @returns `undefined` where it is not known yet whether it is let in
   */
  passed(target: string): string | undefined {
    const { tokens } = this.#options;
    if (tokens === undefined) return target;
    const { token, path } = this.#split(target);
    const known = token === undefined ? undefined : tokens.known(token);
    return known !== undefined && this.#mayHear(known.rights, path) ? path : undefined;
  }

  /** `path` without its token, where it has one. */
  withoutToken(path: string): string {
    return this.asksForTokens ? this.#split(path).path : path;
  }

  #split(path: string): { readonly token: string | undefined; readonly path: string } {
    const start = this.#prefix.length + 1;
    const isOpen = path.startsWith(`${this.#prefix}${this.#options.open}/`);
    if (isOpen || !path.startsWith(`${this.#prefix}~`)) return { token: undefined, path };
    const end = path.indexOf("/", start);
    if (end === -1) return { token: path.slice(start), path: this.#prefix };
    return { token: path.slice(start, end), path: this.#prefix + path.slice(end + 1) };
  }

  #covers(path: string): boolean {
    const { path: own, others, open } = this.#options;
    if (path.startsWith(`${this.#prefix}${open}/`)) return false;
    return [own, ...others].some((place) => path === `/${place}` || path.startsWith(`/${place}/`));
  }

  #isOrigin(shown: string | undefined): boolean {
    const { originSecret } = this.#options;
    return shown !== undefined && originSecret !== undefined && isSameSecret(shown, originSecret);
  }

  /** @returns `undefined` where the token lets the request in */
  async #refusal(
    c: Context,
    tokens: Pick<TokenVerifier, "verify">,
  ): Promise<Response | undefined> {
    const { token } = this.#split(getPath(c.req.raw));
    if (token === undefined) {
      return await this.#refuse(c, 403, `a token is needed: /${this.#options.path}/~TOKEN/NAME/`);
    }
    const client = peerAddress(c);
    try {
      const { rights, expiresAt } = await tokens.verify(token);
      endAnswersAt(c, expiresAt);
      if (this.#mayHear(rights, c.req.path)) return undefined;
      return await this.#refuse(c, 403, "the token does not allow to listen to this");
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      if (error.fault === "unavailable") return await this.#refuse(c, 503, error.message);
      this.#attempts.failed(client);
      await this.#attempts.slowDown(client);
      return await this.#refuse(c, 403, error.message);
    }
  }

  /** Browsers get a page where they ask for one. Pages of other sites may read why. */
  async #refuse(c: Context, status: 403 | 503, message: string): Promise<Response> {
    const common = {
      ...{ "Access-Control-Allow-Origin": "*", "Referrer-Policy": "no-referrer" },
      "Vary": "Accept",
    };
    const open = this.#openFrom(getPath(c.req.raw));
    if (open === undefined || !c.req.header("Accept")?.includes("text/html")) {
      return c.json({ code: status, message }, status, common);
    }
    const { markup, headers } = this.#options.page(message, open);
    return await c.html(markup, status, { ...headers, ...common });
  }

  /** The folder that is open to all, relative to a path; `undefined` where no page can be. */
  #openFrom(path: string): string | undefined {
    if (!path.startsWith(this.#prefix)) return undefined;
    const depth = path.slice(this.#prefix.length).split("/").length - 1;
    return "../".repeat(depth) + this.#options.open;
  }

  /** By the place of the name alone: whatever is below it goes with it. */
  #mayHear(rights: readonly Right[], path: string): boolean {
    if (!path.startsWith(this.#prefix)) return false;
    const end = path.indexOf("/", this.#prefix.length);
    const name = path.slice(this.#prefix.length, end === -1 ? undefined : end);
    if (name === this.#options.common) return allowsSomewhere(rights, "listen");
    return isValidName(name) && allows(rights, "listen", name);
  }
}

/** What one token shows is not for others, and its address is not for other sites. */
function keepPrivate(c: Context): void {
  const { headers } = c.res;
  const cacheControl = headers.get("Cache-Control");
  if (cacheControl !== null && !cacheControl.includes("no-store")) {
    headers.set("Cache-Control", `private, ${cacheControl}`);
  }
  headers.set("Referrer-Policy", "no-referrer");
}
