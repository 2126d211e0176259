/** Says who may publish by the tokens that are shown. */
import { Buffer } from "node:buffer";
import type { Authority, Question } from "../session/authority.ts";
import type { Clock } from "../session/clock.ts";
import {
  type Approval,
  PublishRefused,
  type Reading,
  type RefusalKind,
} from "../session/ingest.ts";
import { bearerTokenOf } from "../web/bearer_token.ts";
import { type Action, allows, readRights, type Right } from "./rights.ts";
import { type TokenFault, TokenRefused } from "./token_refused.ts";
import {
  isTokenForm,
  MAX_TOKEN_LENGTH,
  type TokenVerifier,
  type VerifiedToken,
} from "./token_verifier.ts";

export interface TokenAuthorityOptions {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly verifier: Pick<TokenVerifier, "verify">;
  /** Whether a session ends with the token that opened it. */
  readonly endsSession: boolean;
}

/**
 * Lets in who shows a token for the name: in the place of the key, or to the control API as Bearer
 * token.
 */
export class TokenAuthority implements Authority {
  readonly #options: TokenAuthorityOptions;

  constructor(options: TokenAuthorityOptions) {
    this.#options = options;
  }

  /** Whether a token stands in the place of the key that is for the name, if it is worth anything. */
  recognizes({ name, key }: Reading): boolean {
    return key !== undefined && allows(claimedRights(key), "publish", name);
  }

  check({ name, credentials: { key } }: Question): void {
    if (key === undefined || key === "") {
      throw new PublishRefused(
        "key-required",
        `Cannot publish ${name}: a token or a key is needed`,
      );
    }
    if (isTokenForm(key)) return;
    throw new PublishRefused("key-unknown", `Cannot publish ${name}: the key is wrong`);
  }

  async ask(question: Question): Promise<Approval> {
    const { name, protocol, credentials: { key, authorization } } = question;
    const { clock, endsSession } = this.#options;
    const isApi = protocol === "http";
    if (!isApi) this.check(question);
    const token = isApi ? bearerTokenOf(authorization) : key;
    const { rights, expiresAt } = await this.#verify(name, token ?? "");
    if (!(isApi ? BY_CONTROL_API : BY_DOOR).some((action) => allows(rights, action, name))) {
      throw new PublishRefused(
        "not-allowed",
        `Cannot publish ${name}: the token does not allow it`,
      );
    }
    const endsAt = clock.monotonic() + expiresAt - clock.now();
    const terms = { keyExpiresAt: endsAt, sessionEndsAt: endsSession ? endsAt : Infinity };
    return { name, terms };
  }

  /** @throws {PublishRefused} */
  async #verify(name: string, token: string): Promise<VerifiedToken> {
    try {
      return await this.#options.verifier.verify(token);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      throw new PublishRefused(KINDS[error.fault], `Cannot publish ${name}: ${error.message}`);
    }
  }
}

const BY_DOOR: readonly Action[] = ["publish"];
/** It gives out keys to publish by. */
const BY_CONTROL_API: readonly Action[] = ["publish", "control"];

/** What a token says that it grants; nobody has checked it. */
function claimedRights(token: string): readonly Right[] {
  if (token.length > MAX_TOKEN_LENGTH || !isTokenForm(token)) return [];
  const [, payload = ""] = token.split(".");
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    if (typeof claims !== "object" || claims === null || !("echo" in claims)) return [];
    return readRights(claims.echo) ?? [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

const KINDS: Readonly<Record<TokenFault, RefusalKind>> = {
  wrong: "key-unknown",
  expired: "key-expired",
  unavailable: "unavailable",
};
