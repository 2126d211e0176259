/** Who signs tokens for tests, by Node's cryptography alone: the server checks them by a library. */
import { Buffer } from "node:buffer";
import {
  createHmac,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from "node:crypto";
import type { KeySource } from "../../src/tokens/key_set.ts";
import { readSigningKeys, type SigningKeys } from "../../src/tokens/signing_keys.ts";

/** The algorithms that the server takes. */
export type SigningAlgorithm = "ES256" | "RS256" | "EdDSA";

export interface TokenParts {
  readonly header?: Readonly<Record<string, unknown>> | undefined;
  /** Claims to have besides, or instead of, those that every token has; `undefined`: without it. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** One key, and the tokens that it signs. */
export class Issuer {
  readonly alg: SigningAlgorithm;
  readonly kid: string;
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  constructor(kid: string = "key-1", alg: SigningAlgorithm = "ES256") {
    this.kid = kid;
    this.alg = alg;
    const { privateKey, publicKey } = newKeys(alg);
    this.#private = privateKey;
    this.#public = publicKey;
  }

  /** The public key, as a key set has it. */
  get jwk(): JsonWebKey {
    return { ...this.#public.export({ format: "jwk" }), kid: this.kid, alg: this.alg, use: "sig" };
  }

  /** With its private half. */
  get privateJwk(): JsonWebKey {
    return { ...this.jwk, ...this.#private.export({ format: "jwk" }) };
  }

  /** The public key, as openssl and many servers have it. */
  get pem(): string {
    return this.#public.export({ format: "pem", type: "spki" }).toString();
  }

  /** A token that grants `echo`, good from 2026 to 2100. */
  token(echo: unknown, parts: TokenParts = {}): string {
    const input = this.#input(echo, parts);
    return `${input}.${this.#sign(input).toString("base64url")}`;
  }

  /** The same, with the signature that `secret` makes of it. */
  macToken(echo: unknown, secret: string, parts: TokenParts = {}): string {
    const input = this.#input(echo, { ...parts, header: { alg: "HS256", ...parts.header } });
    return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
  }

  /** The same, without a signature. */
  unsignedToken(echo: unknown, parts: TokenParts = {}): string {
    return `${this.#input(echo, { ...parts, header: { alg: "none", ...parts.header } })}.`;
  }

  #input(echo: unknown, { header, claims }: TokenParts): string {
    const head = { alg: this.alg, kid: this.kid, typ: "JWT", ...header };
    return [head, { ...CLAIMS, echo, ...claims }].map((part) => {
      return Buffer.from(JSON.stringify(part)).toString("base64url");
    }).join(".");
  }

  #sign(input: string): Buffer {
    const bytes = Buffer.from(input);
    if (this.alg === "EdDSA") return sign(null, bytes, this.#private);
    return sign("sha256", bytes, { key: this.#private, dsaEncoding: "ieee-p1363" });
  }
}

/** A key set with the keys of `issuers`. */
export function keySetOf(...issuers: readonly Issuer[]): string {
  return JSON.stringify({ keys: issuers.map(({ jwk }) => jwk) });
}

/** Has the keys that a test gives it, and counts how often newer ones were asked for. */
export class FakeKeySource implements KeySource {
  keys: SigningKeys | undefined;
  renewals = 0;
  /** What it has after the next renewal. */
  next: string | undefined;

  constructor(...issuers: readonly Issuer[]) {
    this.keys = issuers.length === 0 ? undefined : readSigningKeys(keySetOf(...issuers));
  }

  renew(): Promise<void> {
    this.renewals++;
    if (this.next !== undefined) this.keys = readSigningKeys(this.next);
    this.next = undefined;
    return Promise.resolve();
  }
}

function newKeys(alg: SigningAlgorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === "EdDSA") return generateKeyPairSync("ed25519");
  if (alg === "RS256") return generateKeyPairSync("rsa", { modulusLength: 2048 });
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

const CLAIMS = { iss: "https://issuer.example", aud: "echo", exp: Date.UTC(2100, 0, 1) / 1000 };
