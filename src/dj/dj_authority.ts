/** Says which DJs may publish what, by the keys that they show. */
import { Buffer } from "node:buffer";
import { costliest } from "../passwords/bcrypt_hash.ts";
import { GoodCredentials } from "../passwords/good_credentials.ts";
import { BcryptCheck, type PasswordCheck } from "../passwords/password_check.ts";
import type { Authority, Question, ShownCredentials } from "../session/authority.ts";
import type { Clock } from "../session/clock.ts";
import { type Approval, PublishRefused, type Reading } from "../session/ingest.ts";
import { shownName, splitAt } from "../session/typed_text.ts";
import { Attempts } from "../web/attempts.ts";
import { fitsQuickHash, isQuickHash } from "./dj_key.ts";
import { type Dj, type DjList, mayPublish } from "./dj_list.ts";

export interface DjAuthorityOptions {
  readonly clock: Clock;
  /** A worker with bcrypt by default. */
  readonly passwords?: PasswordCheck;
}

/** Who somebody says he is, and the key that is to prove it. */
interface Claim {
  readonly user: string;
  readonly key: string;
}

/**
 * What is known of a claim without any work; `unsure` is for bcrypt to say. A stranger is nobody of the
 * list.
 */
type Verdict = "right" | "wrong" | "unsure";

/**
 * Lets DJs in by user and key. From an address from which wrong keys came too often, further wrong ones
 * are answered late; right ones never are.
 */
export class DjAuthority implements Authority {
  readonly #passwords: PasswordCheck;
  readonly #attempts: Attempts;
  #list: DjList = new Map();
  /** The hash with which keys of strangers are compared, so that timing tells nothing of users. */
  #hashOfStrangers: string | undefined;
  /** Of keys whose hash is bcrypt's. */
  readonly #remembered: GoodCredentials;

  constructor({ clock, passwords = new BcryptCheck() }: DjAuthorityOptions) {
    this.#passwords = passwords;
    this.#attempts = new Attempts(clock);
    this.#remembered = new GoodCredentials(clock);
  }

  /** The DJs who may publish. */
  get list(): DjList {
    return this.#list;
  }

  /** Lets `list` in from now on, and nobody else. */
  replace(list: DjList): void {
    this.#list = list;
    const slow = [...list.values()].map(({ hash }) => hash).filter((hash) => !isQuickHash(hash));
    this.#hashOfStrangers = costliest(slow);
    if (slow.length > 0) this.#passwords.prepare();
  }

  /** Whether the list lets a DJ publish a name. */
  mayPublish(user: string, name: string): boolean {
    const dj = this.#list.get(user);
    return dj !== undefined && mayPublish(dj, name);
  }

  recognizes({ name, user, key }: Reading): boolean {
    return claimsOf({ user, key }).some((claim) => {
      return this.#judge(claim) === "right" && this.mayPublish(claim.user, name);
    });
  }

  check(question: Question): void {
    const { name, address, credentials } = question;
    const claims = claimsOf(credentials);
    const right = claims.find((claim) => this.#judge(claim) === "right");
    const mayBe = right === undefined
      ? claims.some((claim) => this.#judge(claim) === "unsure")
      : this.mayPublish(right.user, name);
    // To an address that guesses the answer is to be late.
    if (mayBe || this.#attempts.exhausted(address)) return;
    this.#attempts.failed(address);
    throw refusal(name, claims, right);
  }

  async ask(question: Question): Promise<Approval> {
    const { name, protocol, address, credentials } = question;
    const claims = claimsOf(credentials);
    const proven = await this.#findProven(claims, address);
    if (proven !== undefined && this.mayPublish(proven.user, name)) {
      return { name, dj: proven.user };
    }
    // The control API counts what it refuses itself.
    if (protocol !== "http") {
      this.#attempts.failed(address);
      await this.#attempts.slowDown(address);
    }
    throw refusal(name, claims, proven);
  }

  close(): void {
    this.#passwords.close();
  }

  /** The claim that is true; `undefined` where none is. */
  async #findProven(claims: readonly Claim[], address: string): Promise<Claim | undefined> {
    const right = claims.find((claim) => this.#judge(claim) === "right");
    if (right !== undefined) return right;
    for (const claim of claims) {
      if (this.#judge(claim) === "unsure" && await this.#compare(claim, address)) return claim;
    }
    return undefined;
  }

  #judge(claim: Claim): Verdict {
    const hash = this.#list.get(claim.user)?.hash;
    if (hash === undefined) return this.#hashOfStrangers === undefined ? "wrong" : "unsure";
    if (isQuickHash(hash)) return fitsQuickHash(claim.key, hash) ? "right" : "wrong";
    return this.#remembered.has(memoryOf(claim, hash)) ? "right" : "unsure";
  }

  /** @throws {PublishRefused} `limit` where too many wait */
  async #compare(claim: Claim, address: string): Promise<boolean> {
    const { user, key } = claim;
    const dj: Dj | undefined = this.#list.get(user);
    const hash = dj?.hash ?? this.#hashOfStrangers;
    if (hash === undefined) return false;
    const memory = memoryOf(claim, hash);
    const wasRight = dj !== undefined && this.#remembered.knows(memory);
    const asker = { address, user: dj?.user, wasRight };
    const isRight = await this.#passwords.verify(key, hash, asker);
    // Meanwhile another list may count.
    if (!isRight || dj === undefined || this.#list.get(user)?.hash !== dj.hash) return false;
    this.#remembered.add(memory);
    return true;
  }
}

/** All ways to read what was shown, the likeliest first. */
function claimsOf({ user, key, authorization }: ShownCredentials): Claim[] {
  const claims: Claim[] = [];
  if (user !== undefined && key !== undefined) claims.push({ user, key });
  const pair = key ?? userAndPassword(authorization);
  if (pair?.includes(":")) {
    const [user, key] = splitAt(pair, ":");
    claims.push({ user, key });
  }
  return claims.filter(({ user, key }) => user !== "" && key !== "");
}

/** RFC 7617 2. */
function userAndPassword(header: string | undefined): string | undefined {
  const [, token] = /^Basic +(\S+)$/i.exec(header ?? "") ?? [];
  return token === undefined ? undefined : Buffer.from(token, "base64").toString();
}

/** @param hash that of the DJ: what fits another one says nothing of it */
function memoryOf({ user, key }: Claim, hash: string): string {
  return `${user}:${hash}:${key}`;
}

/** @param proven what was right, where the name was not */
function refusal(name: string, claims: readonly Claim[], proven?: Claim): PublishRefused {
  const cannot = `Cannot publish ${shownName(name)}`;
  if (proven !== undefined) {
    return new PublishRefused("not-allowed", `${cannot}: ${proven.user} may not publish this name`);
  }
  return claims.length === 0
    ? new PublishRefused("key-required", `${cannot}: a DJ's user and key are needed, as USER:KEY`)
    : new PublishRefused("not-allowed", `${cannot}: the user or the key is wrong`);
}
