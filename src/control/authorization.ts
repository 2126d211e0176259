/** Decides who may publish by the control API, by credentials or by asking an authority. */
import { Buffer } from "node:buffer";
import { costliest } from "../passwords/bcrypt_hash.ts";
import { GoodCredentials } from "../passwords/good_credentials.ts";
import { BcryptCheck, type PasswordCheck } from "../passwords/password_check.ts";
import type { Authority } from "../session/authority.ts";
import type { Clock } from "../session/clock.ts";
import { type Approval, PublishRefused } from "../session/ingest.ts";
import { isValidName } from "../session/name.ts";
import { type AuthMode, hasAuthority } from "../session/publish_rights.ts";
import { Attempts } from "../web/attempts.ts";
import { isSameSecret } from "../web/same_secret.ts";
import { ControlError } from "./control_error.ts";
import { HtpasswdError, parseHtpasswd } from "./htpasswd.ts";

/** RFC 9110 11.4: the scheme's case does not count. */
const CREDENTIALS = /^(Basic|Bearer) +(\S+)$/i;

/** What an Authorization header is checked against. `any`: any credentials are good. */
export type Credentials = "any" | {
  /** bcrypt hashes by user. */
  readonly users: ReadonlyMap<string, string>;
  readonly bearerToken: string | undefined;
};

/** Where credentials come from. */
export interface CredentialSources {
  readonly htpasswdFile: string | undefined;
  readonly bearerToken: string | undefined;
  /** Any credentials are good where the other two are unset. */
  readonly anyCredentials: boolean;
}

/**
 * Reads the credentials.
 * @throws {HtpasswdError} where the password file cannot be used
 */
export async function loadCredentials(sources: CredentialSources): Promise<Credentials> {
  const { htpasswdFile, bearerToken, anyCredentials } = sources;
  if (htpasswdFile === undefined) {
    return bearerToken === undefined && anyCredentials ? "any" : { users: new Map(), bearerToken };
  }
  const text = await Deno.readTextFile(htpasswdFile).catch((error: Error) => {
    throw new HtpasswdError(`Cannot read ${htpasswdFile}: ${error.message}`, { cause: error });
  });
  return { users: parseHtpasswd(text, htpasswdFile), bearerToken };
}

export interface AuthorizerOptions {
  readonly mode: AuthMode;
  readonly credentials: Credentials;
  /** Who decides where {@link hasAuthority}: then there are no credentials to compare with. */
  readonly authority?: Authority | undefined;
  readonly clock: Clock;
  /** A worker with bcrypt by default. */
  readonly passwords?: PasswordCheck;
}

/** What a client of the control API wants to publish. */
export interface PublishWish {
  readonly name: string;
  /** The client's address. */
  readonly address: string;
}

/** Says who may publish by the control API. */
export class Authorizer {
  readonly #mode: AuthMode;
  readonly #authority: Authority | undefined;
  readonly #clock: Clock;
  readonly #passwords: PasswordCheck;
  readonly #attempts: Attempts;
  #credentials: Credentials;
  #remembered: GoodCredentials;
  /** Checks of passwords that are under way, by what was shown: a backend shows the same for all. */
  #checks = new Map<string, Promise<boolean>>();

  constructor(options: AuthorizerOptions) {
    this.#mode = options.mode;
    this.#authority = options.authority;
    this.#clock = options.clock;
    this.#passwords = options.passwords ?? new BcryptCheck();
    this.#attempts = new Attempts(options.clock);
    this.#credentials = options.credentials;
    this.#prepare();
    this.#remembered = new GoodCredentials(this.#clock);
  }

  /**
   * An address from which wrong credentials came too often gets its refusals late.
   * @param header the request's Authorization
   * @returns what was found good; `undefined` where any credentials will do, as they prove nothing
   * @throws {ControlError} 401, or 503 where nobody can be asked
   * @throws {PublishRefused} `limit` where too many wait to be checked; what is wrong with a token
   */
  async check(header: string | undefined, wish: PublishWish): Promise<Approval | undefined> {
    if (this.#mode === "open") return undefined;
    const asks = hasAuthority(this.#mode);
    const isAny = !asks && this.#credentials === "any";
    try {
      const approval = asks
        ? await this.#ask(header ?? "", wish)
        : await this.#approve(header ?? "", wish);
      if (approval !== undefined) return isAny ? undefined : approval;
      this.#attempts.failed(wish.address);
      throw new ControlError(401, "unauthorized");
    } catch (error) {
      await this.#attempts.slowDown(wish.address);
      throw error;
    }
  }

  /** Checks against `credentials` from now on, also those that were found good before. */
  replace(credentials: Credentials): void {
    this.#credentials = credentials;
    this.#prepare();
    this.#remembered = new GoodCredentials(this.#clock);
    this.#checks = new Map();
  }

  close(): void {
    this.#passwords.close();
  }

  /** Starts the verifier where there are passwords to check. */
  #prepare(): void {
    if (this.#mode !== "key" || this.#credentials === "any") return;
    if (this.#credentials.users.size > 0) this.#passwords.prepare();
  }

  /** Asks the authority; not without credentials, and not about a name that is not allowed. */
  async #ask(header: string, { name, address }: PublishWish): Promise<Approval | undefined> {
    if (this.#authority === undefined || !CREDENTIALS.test(header)) return undefined;
    if (!isValidName(name)) throw new ControlError(400, "Cannot publish: the name is not allowed");
    const credentials = { authorization: header };
    try {
      return await this.#authority.ask({ name, protocol: "http", address, credentials });
    } catch (error) {
      if (!(error instanceof PublishRefused)) throw error;
      if (this.#mode === "jwt" && error.kind !== "unavailable") {
        this.#attempts.failed(address);
        throw error;
      }
      if (error.kind === "not-allowed" || error.kind === "key-required") return undefined;
      throw new ControlError(503, error.message);
    }
  }

  async #approve(header: string, { name, address }: PublishWish): Promise<Approval | undefined> {
    return await this.#isGood(header, address) ? { name } : undefined;
  }

  async #isGood(header: string, address: string): Promise<boolean> {
    const [, scheme, token] = CREDENTIALS.exec(header) ?? [];
    if (scheme === undefined || token === undefined) return false;
    const credentials = this.#credentials;
    if (credentials === "any") return true;
    if (scheme.toLowerCase() === "basic") {
      return await this.#isGoodBasic(token, address, credentials.users);
    }
    const { bearerToken } = credentials;
    return bearerToken !== undefined && isSameSecret(token, bearerToken);
  }

  /** RFC 7617 2. The password of an unknown user is compared too, so that timing tells nothing. */
  async #isGoodBasic(
    token: string,
    address: string,
    users: ReadonlyMap<string, string>,
  ): Promise<boolean> {
    const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(token, "base64").toString()) ??
      [];
    if (user === undefined || password === undefined) return false;
    const remembered = this.#remembered;
    if (remembered.has(token)) return true;
    const known = users.get(user);
    const hash = known ?? costliest(users.values());
    if (hash === undefined) return false;
    const wasRight = known !== undefined && remembered.knows(token);
    const asker = { address, user: known === undefined ? undefined : user, wasRight };
    const isRight = await this.#shared(token, () => this.#passwords.verify(password, hash, asker));
    const good = isRight && known !== undefined;
    if (good) remembered.add(token);
    return good;
  }

  /** Has what is shown several times at once be checked once. */
  async #shared(token: string, check: () => Promise<boolean>): Promise<boolean> {
    const checks = this.#checks;
    const underWay = checks.get(token);
    if (underWay !== undefined) return await underWay;
    try {
      const promise = check();
      checks.set(token, promise);
      return await promise;
    } finally {
      checks.delete(token);
    }
  }
}
