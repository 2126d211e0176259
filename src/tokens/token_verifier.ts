/** Checks tokens: JSON Web Tokens (RFC 7519) that one of the key set's keys has signed. */
import { getLogger } from "@logtape/logtape";
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import type { Clock } from "../session/clock.ts";
import type { KeySource } from "./key_set.ts";
import { MAX_RIGHTS, readRights, type Right } from "./rights.ts";
import type { SigningKeys } from "./signing_keys.ts";
import { TokenRefused } from "./token_refused.ts";

/** What counts as a token, beside its signature. */
export interface TokenRules {
  /** What the claim `iss` has to be; `undefined`: whatever it is. */
  readonly issuer: string | undefined;
  /** What has to be in the claim `aud`. */
  readonly audience: string | undefined;
}

export interface TokenVerifierOptions extends TokenRules {
  readonly clock: Pick<Clock, "now">;
  readonly keys: KeySource;
}

/** A token that counts. */
export interface VerifiedToken {
  readonly rights: readonly Right[];
  /** From when on, in milliseconds since the epoch. */
  readonly notBefore: number;
  /** Until when; `Infinity` where the token does not say. */
  readonly expiresAt: number;
}

/** Longer tokens are not looked at. */
export const MAX_TOKEN_LENGTH = 8192;

/** Whether `text` has the form of a token: three parts of base64url (RFC 7515 7.1). */
export function isTokenForm(text: string): boolean {
  return FORM.test(text);
}

/** Checks tokens, and remembers those that it found good, as long as the keys stay the same. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  /** It takes memory in each thread, so it is loaded only where there is a verifier. */
  readonly #library = import("jose");
  readonly #finders = new WeakMap<SigningKeys, JWTVerifyGetKey>();
  /** By token, the oldest first. */
  readonly #known = new Map<string, VerifiedToken>();
  /** How many characters these tokens have together. */
  #knownLength = 0;
  /** The keys that they were checked with. */
  #knownBy: SigningKeys | undefined;
  readonly #underWay = new Map<string, Promise<VerifiedToken>>();

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
  }

  /** What `token` was found to be before, where it still is; `undefined`: see {@link verify}. */
  known(token: string): VerifiedToken | undefined {
    const known = this.#known.get(token);
    if (known === undefined || this.#knownBy !== this.#options.keys.keys) return undefined;
    const now = this.#options.clock.now();
    return known.notBefore <= now && now < known.expiresAt ? known : undefined;
  }

  /**
   * Checks a token. What is shown several times at once is checked once.
   * @throws {TokenRefused}
   */
  async verify(token: string): Promise<VerifiedToken> {
    const known = this.known(token);
    if (known !== undefined) return known;
    if (token.length > MAX_TOKEN_LENGTH) {
      throw wrong(`the token is longer than ${MAX_TOKEN_LENGTH} characters`);
    }
    if (!isTokenForm(token)) throw wrong("it is no token: expected three parts with dots between");
    const underWay = this.#underWay.get(token);
    if (underWay !== undefined) return await underWay;
    const check = this.#check(token);
    this.#underWay.set(token, check);
    try {
      return await check;
    } finally {
      this.#underWay.delete(token);
    }
  }

  async #check(token: string): Promise<VerifiedToken> {
    const { keys: source } = this.#options;
    if (source.keys === undefined) await source.renew();
    const keys = source.keys;
    if (keys === undefined) {
      throw new TokenRefused("unavailable", "there are no keys yet to check tokens with");
    }
    try {
      return await this.#checkWith(keys, token);
    } catch (error) {
      if (codeOf(error) !== NO_SUCH_KEY) throw refusalOf(error);
    }
    // A new key may be in use already.
    await source.renew();
    try {
      return await this.#checkWith(source.keys ?? keys, token);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async #checkWith(keys: SigningKeys, token: string): Promise<VerifiedToken> {
    const { clock, issuer, audience } = this.#options;
    const { jwtVerify } = await this.#library;
    const { payload } = await jwtVerify(token, await this.#finderOf(keys), {
      algorithms: [...ALGORITHMS],
      clockTolerance: LEEWAY_S,
      currentDate: new Date(clock.now()),
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    });
    const verified = verifiedToken(payload);
    this.#remember(token, verified, keys);
    return verified;
  }

  /** What finds the key that a token's header names. */
  async #finderOf(keys: SigningKeys): Promise<JWTVerifyGetKey> {
    const { createLocalJWKSet } = await this.#library;
    const finder = this.#finders.get(keys) ?? createLocalJWKSet(keys.set);
    this.#finders.set(keys, finder);
    return finder;
  }

  #remember(token: string, verified: VerifiedToken, keys: SigningKeys): void {
    if (keys !== this.#options.keys.keys) return;
    if (keys !== this.#knownBy) {
      this.#known.clear();
      this.#knownLength = 0;
      this.#knownBy = keys;
    }
    this.#forget(token);
    this.#known.set(token, verified);
    this.#knownLength += token.length;
    for (const oldest of this.#known.keys()) {
      if (this.#knownLength <= MAX_KNOWN_LENGTH) break;
      this.#forget(oldest);
    }
  }

  #forget(token: string): void {
    if (this.#known.delete(token)) this.#knownLength -= token.length;
  }
}

/** @throws {TokenRefused} */
function verifiedToken({ echo, nbf, exp }: JWTPayload): VerifiedToken {
  const rights = readRights(echo);
  if (rights === undefined) {
    throw wrong(`the token's claim echo is no list of at most ${MAX_RIGHTS} rights`);
  }
  return {
    rights,
    notBefore: nbf === undefined ? -Infinity : (nbf - LEEWAY_S) * 1000,
    expiresAt: exp === undefined ? Infinity : (exp + LEEWAY_S) * 1000,
  };
}

/** Why the token does not count, in words; what is no fault of a token's stays as it is. */
function refusalOf(error: unknown): unknown {
  if (error instanceof TokenRefused) return error;
  const code = codeOf(error);
  if (code === "ERR_JWT_EXPIRED") return new TokenRefused("expired", "the token has expired");
  if (code === "ERR_JWT_CLAIM_VALIDATION_FAILED") {
    return wrong(CLAIMS[claimOf(error)] ?? "a claim of the token is not of its type");
  }
  const known = FAULTS[code];
  if (known !== undefined) return wrong(known);
  logger.warn("The key that a token names cannot be used: {why}", { why: String(error) });
  return wrong("the key that the token names cannot be used");
}

/** The code of an error of the library; empty where it is another one. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function claimOf(error: unknown): string {
  return error instanceof Error && "claim" in error ? String(error.claim) : "";
}

function wrong(message: string): TokenRefused {
  return new TokenRefused("wrong", message);
}

/** Signatures that only the holder of a private key can make, and that are short to check. */
const ALGORITHMS = ["ES256", "RS256", "EdDSA"];
/** How far the clocks of issuer and server may be apart. */
const LEEWAY_S = 5;
/** Of the tokens that are remembered: 20 000 of the usual length. */
const MAX_KNOWN_LENGTH = 8 * 2 ** 20;

const NO_SUCH_KEY = "ERR_JWKS_NO_MATCHING_KEY";

const FORM = /^[\w-]+\.[\w-]+\.[\w-]*$/;

const CLAIMS: Readonly<Record<string, string>> = {
  iss: "the token is of another issuer",
  aud: "the token is for another audience",
  nbf: "the token is not valid yet",
};

/** By the codes of jose. */
const FAULTS: Readonly<Record<string, string>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: `the token is not signed by one of ${ALGORITHMS.join(", ")}`,
  ERR_JOSE_NOT_SUPPORTED: "the token needs an extension that is not known here",
  [NO_SUCH_KEY]: "no key of the key set is the one that the token names",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "the token does not say which key it is signed with (kid)",
  ERR_JWS_INVALID: "it is no token: its parts cannot be read",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "the token's signature is wrong",
  ERR_JWT_INVALID: "the token has no claims",
};

const logger = getLogger(["echo", "tokens"]);
