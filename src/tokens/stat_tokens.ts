/** Says whom tokens let see what only operators see. */
import type { OperatorTokens } from "../web/entrance.ts";
import { allowsEverywhere } from "./rights.ts";
import { TokenRefused } from "./token_refused.ts";
import { isTokenForm, type TokenVerifier } from "./token_verifier.ts";

/** Lets in who shows a token with the right to see the statistics of all broadcasts. */
export class StatTokens implements OperatorTokens {
  readonly #verifier: Pick<TokenVerifier, "verify">;

  constructor(verifier: Pick<TokenVerifier, "verify">) {
    this.#verifier = verifier;
  }

  recognizes(text: string): boolean {
    return isTokenForm(text);
  }

  async fault(token: string): Promise<string | undefined> {
    try {
      const { rights } = await this.#verifier.verify(token);
      if (allowsEverywhere(rights, "stat")) return undefined;
      return "the token does not allow stat for all names";
    } catch (error) {
      if (error instanceof TokenRefused) return error.message;
      throw error;
    }
  }
}
