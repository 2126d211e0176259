/**
 * The error for a token that does not count.
 *
 * @module
 */

/**
 * How a token fails:
 * - `wrong`: it is no token, or none that this server is to take
 * - `expired`: it was one
 * - `unavailable`: nobody can tell, because there is nothing to check it with
 */
export type TokenFault = "wrong" | "expired" | "unavailable";

/** Thrown where a token does not count. `message` is a clause that holds nothing of the token. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
  constructor(readonly fault: TokenFault, message: string) {
    super(message);
  }
}
