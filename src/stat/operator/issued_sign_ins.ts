/**
 * Browsers that signed in by a token of an issuer.
 *
 * Their cookie is a random number, and the token stays here: cookies know no ports, and without HTTPS
 * browsers send them in the clear to whatever else is on the host.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { LIFETIME_MS } from "./sign_in_cookie.ts";

/** Of more than these, the oldest have to sign in again. */
const MAX_SIGN_INS = 1000;
const ID_BYTES = 24;

/** The tokens by the cookies that they were exchanged for. */
export class IssuedSignIns {
  /** The oldest first. */
  readonly #signIns = new Map<string, { readonly token: string; readonly until: number }>();

  /** @returns the cookie's value, which stands for `token` for 12 hours from `now` on */
  add(token: string, now: number): string {
    const id = randomBytes(ID_BYTES).toString("base64url");
    this.#signIns.set(id, { token, until: now + LIFETIME_MS });
    for (const oldest of this.#signIns.keys()) {
      if (this.#signIns.size <= MAX_SIGN_INS) break;
      this.#signIns.delete(oldest);
    }
    return id;
  }

  /** The token that a cookie stands for; `undefined` where it stands for none. */
  tokenOf(id: string, now: number): string | undefined {
    const signIn = this.#signIns.get(id);
    if (signIn !== undefined && now < signIn.until) return signIn.token;
    this.#signIns.delete(id);
    return undefined;
  }

  /** Ends one. @returns whether there was one */
  end(id: string): boolean {
    return this.#signIns.delete(id);
  }
}
