/**
 * By what right somebody publishes: a key of this server, the word of an authority, or none where
 * anybody may.
 *
 * @module
 */
import type { Authority } from "./authority.ts";
import { type Approval, PublishRefused, type PublishRequest, type Reading } from "./ingest.ts";
import type { KeyedSession, Keys, ValidKey } from "./key_store.ts";
import { isValidName } from "./name.ts";
import { shownName } from "./typed_text.ts";

/**
 * Who may publish: anybody; who holds a key of this server; or also whom an authority lets in: the hook
 * server, the list of DJs, or the issuer of tokens.
 */
export type AuthMode = "open" | "key" | "hook" | "dj" | "jwt";

/** Whether an authority is asked about connections without a key of this server. */
export function hasAuthority(mode: AuthMode): boolean {
  return mode !== "open" && mode !== "key";
}

export interface PublishRightsOptions {
  readonly auth: AuthMode;
  readonly keys: Keys;
  /** Asked about connections without a key of this server, where {@link hasAuthority}. */
  readonly authority?: Authority | undefined;
}

/** What gives somebody the right to publish. */
export interface PublishRight {
  /**
   * Until when a session may last, on {@link Clock.monotonic}; `undefined` where nothing was shown,
   * nor is needed.
   */
  readonly expiresAt: number | undefined;
  /** Whether it counts also against who publishes in that session now. */
  readonly isProof: boolean;
  /** Who has it, where that is known. */
  readonly dj?: string | undefined;
}

const NO_RIGHT: PublishRight = { expiresAt: undefined, isProof: false };

/** Finds in what a publisher showed what gives it the right to a name. */
export class PublishRights {
  readonly #options: PublishRightsOptions;

  constructor(options: PublishRightsOptions) {
    this.#options = options;
  }

  /**
   * What was typed means: what a key of this server fits, else as it stands.
   * @param isLive whether a name has a session already
   */
  read(request: PublishRequest, isLive: (name: string) => boolean): Reading {
    const { others = [] } = request;
    const { auth, keys, authority } = this.#options;
    const all = [request, ...others];
    const known = all.find((reading) => this.#isKnown(reading)) ??
      all.find((reading) => hasAuthority(auth) && authority?.recognizes?.(reading));
    if (known !== undefined) return known;
    if (auth === "open" && !isLive(request.name) && !keys.has(request.name)) {
      const behind = others.find((it) => it.application === "usual" && isValidName(it.name));
      if (behind !== undefined) return behind;
    }
    return request;
  }

  /** Who has to say whether this may be published; `undefined` where nobody is asked. */
  authorityOver(reading: Reading): Authority | undefined {
    const { auth, authority } = this.#options;
    return hasAuthority(auth) && !this.#isKnown(reading) ? authority : undefined;
  }

  /**
   * What gives the right to publish into a session.
   * @param approved what an authority has said; `undefined` where none has said yes
   * @param session `undefined` where there is to be a new one
   * @throws {PublishRefused} where nothing was shown that gives it, and something is needed
   */
  rightTo(
    session: KeyedSession | undefined,
    reading: Reading,
    approved: Approval | undefined,
  ): PublishRight {
    const { auth, keys } = this.#options;
    if (approved !== undefined) {
      const { dj, terms } = approved;
      return { expiresAt: terms?.sessionEndsAt ?? keys.nextExpiry, isProof: true, dj };
    }
    const key = this.#keyOf(reading);
    if (key === undefined) return NO_RIGHT;
    const isProof = session === undefined || keys.proves(session, reading.key ?? "");
    return isProof || auth !== "open"
      ? { expiresAt: key.sessionEndsAt, isProof, dj: key.dj }
      : NO_RIGHT;
  }

  /** @returns `undefined` where no key was shown that is valid, and none is needed */
  #keyOf({ name, key: token }: Reading): ValidKey | undefined {
    const { auth, keys } = this.#options;
    const open = auth === "open";
    if (token === undefined || token === "") {
      if (open) return undefined;
      throw new PublishRefused(
        "key-required",
        `Cannot publish ${shownName(name)}: a key is needed`,
      );
    }
    const check = keys.check(name, token);
    if (check.kind === "valid") return check.key;
    if (open) return undefined;
    if (check.kind === "expired") {
      throw new PublishRefused(
        "key-expired",
        `Cannot publish ${shownName(name)}: the key has expired`,
      );
    }
    throw new PublishRefused("key-unknown", `Cannot publish ${shownName(name)}: the key is wrong`);
  }

  #isKnown({ name, key }: Reading): boolean {
    return key !== undefined && this.#options.keys.check(name, key).kind !== "unknown";
  }
}
