/** Who may see what only operators see: the live view, listeners, recordings, the dashboard. */
import type { Context, MiddlewareHandler } from "hono";
import { type Clock, wallTimeOf } from "../../session/clock.ts";
import { Attempts } from "../../web/attempts.ts";
import type { Entrance, OperatorTokens, Verdict } from "../../web/entrance.ts";
import { peerAddress } from "../../web/peer_address.ts";
import { isSameSecret } from "../../web/same_secret.ts";
import { isForged } from "../../web/browser_request.ts";
import { IssuedSignIns } from "./issued_sign_ins.ts";
import { LocalRequests } from "./local_requests.ts";
import {
  clearSignIn,
  issuedCookie,
  setIssuedCookie,
  setSignIn,
  signedInUntil,
} from "./sign_in_cookie.ts";
import { SignedOut } from "./signed_out.ts";

export interface OperatorEntranceOptions {
  /** What has to be shown; where there is none, clients on this box are let in. */
  readonly token: string | undefined;
  /** Other tokens that let in; `undefined` where there are none. */
  readonly tokens?: OperatorTokens | undefined;
  readonly clock: Pick<Clock, "now" | "monotonic" | "after">;
}

/**
 * Lets in who holds the token, as `Authorization: Bearer` or by the cookie that it is exchanged for;
 * where there is no token, clients on this box. Peers' addresses are read from what the HTTP server
 * tells of the connection, which `app.fetch` is given beside the request.
 */
export class OperatorEntrance implements Entrance {
  readonly #clock: OperatorEntranceOptions["clock"];
  readonly #startedAt: number;
  readonly #attempts: Attempts;
  readonly #signedOut = new SignedOut();
  readonly #issued = new IssuedSignIns();
  readonly #local = new LocalRequests();
  readonly #tokens: OperatorTokens | undefined;
  #token: string | undefined;
  #validity = new AbortController();

  constructor({ token, tokens, clock }: OperatorEntranceOptions) {
    this.#token = token;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#startedAt = wallTimeOf(clock, 0);
    this.#attempts = new Attempts(clock);
    tokens?.watch(() => this.#askAgain());
  }

  /** Has to see every request of the server, also those that are open to all. */
  readonly watch: MiddlewareHandler = this.#local.watch;

  readonly guard: MiddlewareHandler = async (c, next) => {
    const verdict = await this.check(c);
    return verdict === "granted" ? await next() : refuse(c, verdict);
  };

  /**
   * Aborted when the token is another one, tokens of an issuer may be void, or a cookie was given
   * back: who was let in before may not be any more.
   */
  get validity(): AbortSignal {
    return this.#validity.signal;
  }

  /** From now on it takes `token`; cookies that the old one was exchanged for are over. */
  replace(token: string | undefined): void {
    if (token === this.#token) return;
    this.#token = token;
    this.#askAgain();
  }

  /** Whether there is a token to show. */
  get hasToken(): boolean {
    return this.#token !== undefined || this.#tokens !== undefined;
  }

  async check(c: Context): Promise<Verdict> {
    const shown = bearerToken(c);
    if (shown !== undefined) return await this.#checkShown(c, shown);
    const verdict = await this.#checkCookie(c);
    return verdict === "granted" && isForged(c) ? "foreign" : verdict;
  }

  async signIn(c: Context, shown: string): Promise<Verdict> {
    if (this.#token === undefined && !this.#isIssued(shown)) return this.#checkPlace(c);
    if (isForged(c)) return "foreign";
    const verdict = await this.#checkShown(c, shown);
    if (verdict !== "granted") return verdict;
    if (this.#isOwn(shown)) setSignIn(c, shown, this.#now);
    else setIssuedCookie(c, this.#issued.add(shown, this.#now));
    return verdict;
  }

  /**
   * Ends the cookie: from now on it lets nobody in, whoever has a copy. Other cookies stay good; who
   * watches by one of them is asked again.
   */
  signOut(c: Context): void {
    const expiry = this.#token === undefined ? undefined : this.#signIn(c, this.#token);
    if (expiry !== undefined) this.#signedOut.add(expiry, this.#now);
    if (this.#issued.end(issuedCookie(c)) || expiry !== undefined) this.#askAgain();
    clearSignIn(c);
  }

  /** Wall time as it was at the start, and went on since: cookies may outlive the process. */
  get #now(): number {
    return this.#startedAt + Math.floor(this.#clock.monotonic());
  }

  /** When the client's cookie ends; `undefined` where it has none that counts. */
  #signIn(c: Context, token: string): number | undefined {
    const expiry = signedInUntil(c, token, this.#now);
    return expiry === undefined || this.#signedOut.has(expiry) ? undefined : expiry;
  }

  #askAgain(): void {
    this.#validity.abort();
    this.#validity = new AbortController();
  }

  /** Where there is no token of this server, but others let in, who has none may still get one. */
  #checkPlace(c: Context): Verdict {
    const verdict = this.#local.check(c);
    return verdict === "closed" && this.#tokens !== undefined ? "unknown" : verdict;
  }

  /** The right token is let in at once, whoever guesses from the same address. */
  async #checkShown(c: Context, shown: string): Promise<Verdict> {
    if (this.#isOwn(shown)) return "granted";
    if (this.#isIssued(shown)) {
      const verdict = await this.#checkIssued(c, shown);
      return verdict === "unknown" ? await this.#refuseToken(c) : verdict;
    }
    return this.#token === undefined ? this.#checkPlace(c) : await this.#refuseToken(c);
  }

  /** Nobody guesses by a cookie. */
  async #checkCookie(c: Context): Promise<Verdict> {
    const issued = this.#issued.tokenOf(issuedCookie(c), this.#now);
    if (issued !== undefined) return await this.#checkIssued(c, issued);
    if (this.#token === undefined) return this.#checkPlace(c);
    return this.#signIn(c, this.#token) === undefined ? "unknown" : "granted";
  }

  #isOwn(shown: string): boolean {
    return this.#token !== undefined && isSameSecret(shown, this.#token);
  }

  #isIssued(shown: string): boolean {
    return this.#tokens?.recognizes(shown) === true;
  }

  async #checkIssued(c: Context, token: string): Promise<Verdict> {
    const fault = await this.#tokens?.fault(token);
    if (fault === undefined) return "granted";
    if (fault.isUnavailable) return "unavailable";
    const { message } = fault;
    c.header("WWW-Authenticate", `Bearer error="invalid_token", error_description="${message}"`);
    return "unknown";
  }

  async #refuseToken(c: Context): Promise<Verdict> {
    const from = peerAddress(c);
    this.#attempts.failed(from);
    if (!this.#attempts.exhausted(from)) return "unknown";
    await this.#attempts.slowDown(from);
    return "guessing";
  }
}

function refuse(c: Context, verdict: Exclude<Verdict, "granted">): Response {
  switch (verdict) {
    case "unknown":
    case "closed":
      // RFC 6750 3.1: what is wrong with a token is told already.
      if (!c.res.headers.has("WWW-Authenticate")) c.header("WWW-Authenticate", "Bearer");
      return c.json({ code: 401, message: "unauthorized" }, 401);
    case "foreign":
      return c.json({ code: 403, message: "not from another site" }, 403);
    case "guessing":
      c.header("Retry-After", "60");
      return c.json({ code: 429, message: "too many wrong tokens" }, 429);
    case "unavailable":
      return c.json({ code: 503, message: "there are no keys yet to check tokens with" }, 503);
  }
}

/**
 * RFC 6750 2.1; the scheme's case does not count (RFC 9110 11.1). Other schemes are for others, such
 * as a proxy that asks for a password and passes on what browsers send it with every request.
 */
function bearerToken(c: Context): string | undefined {
  const header = c.req.header("Authorization") ?? "";
  return /^Bearer\b/i.test(header) ? /^Bearer +(\S+)$/i.exec(header)?.[1] ?? "" : undefined;
}
