/** Says whom tokens let see what only operators see. */
import type { OperatorTokenFault, OperatorTokens } from "../web/entrance.ts";
import { allowsEverywhere } from "./rights.ts";
import { TokenRefused } from "./token_refused.ts";
import { isTokenForm, type TokenVerifier } from "./token_verifier.ts";

export interface StatTokensOptions {
  readonly verifier: Pick<TokenVerifier, "verify">;
  /** With other keys, tokens may be void. */
  readonly keys: { watch(tell: () => void): void };
}

/** Lets in who shows a token with the right to see the statistics of all broadcasts. */
export class StatTokens implements OperatorTokens {
  readonly #options: StatTokensOptions;

  constructor(options: StatTokensOptions) {
    this.#options = options;
  }

  recognizes(text: string): boolean {
    return isTokenForm(text);
  }

  async fault(token: string): Promise<OperatorTokenFault | undefined> {
    try {
      const { rights } = await this.#options.verifier.verify(token);
      if (allowsEverywhere(rights, "stat")) return undefined;
      return { message: "the token does not allow stat for all names", isUnavailable: false };
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      return { message: error.message, isUnavailable: error.fault === "unavailable" };
    }
  }

  watch(tell: () => void): void {
    this.#options.keys.watch(tell);
  }
}
