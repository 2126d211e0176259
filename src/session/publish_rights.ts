/**
 * By what right somebody publishes: a key of this server, the word of an authority, or none where
 * anybody may.
 *
 * @module
 */
import type { Authority } from "./authority.ts";
import { PublishRefused, type PublishRequest, type Reading } from "./ingest.ts";
import type { KeyedSession, KeyStore } from "./key_store.ts";
import { isValidName } from "./name.ts";
import { shownName } from "./typed_text.ts";

/** Who may publish: anybody, who holds a key, or also who is let in by the hook server. */
export type AuthMode = "open" | "key" | "hook";

export interface PublishRightsOptions {
  readonly auth: AuthMode;
  readonly keys: KeyStore;
  /** Asked about connections without a key of this server, in `hook`. */
  readonly authority?: Authority | undefined;
}

/** What gives somebody the right to publish. */
export interface PublishRight {
  /** Until when, on {@link Clock.monotonic}; `undefined` where nothing was shown, nor is needed. */
  readonly expiresAt: number | undefined;
  /** Whether it counts also against who publishes in that session now. */
  readonly isProof: boolean;
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
    const known = [request, ...others].find((reading) => this.#isKnown(reading));
    if (known !== undefined) return known;
    const { auth, keys } = this.#options;
    if (auth === "open" && !isLive(request.name) && !keys.has(request.name)) {
      const behind = others.find((it) => it.application === "usual" && isValidName(it.name));
      if (behind !== undefined) return behind;
    }
    return request;
  }

  /** Who has to say whether this may be published; `undefined` where nobody is asked. */
  authorityOver(reading: Reading): Authority | undefined {
    const { auth, authority } = this.#options;
    return auth === "hook" && !this.#isKnown(reading) ? authority : undefined;
  }

  /**
   * What gives the right to publish into a session.
   * @param approved whether an authority said yes
   * @param session `undefined` where there is to be a new one
   * @throws {PublishRefused} where nothing was shown that gives it, and something is needed
   */
  rightTo(session: KeyedSession | undefined, reading: Reading, approved: boolean): PublishRight {
    const { auth, keys } = this.#options;
    if (approved) return { expiresAt: keys.nextExpiry, isProof: true };
    const expiresAt = this.#expiryOf(reading);
    if (expiresAt === undefined) return NO_RIGHT;
    const isProof = session === undefined || keys.proves(session, reading.key ?? "");
    return isProof || auth !== "open" ? { expiresAt, isProof } : NO_RIGHT;
  }

  /** @returns `undefined` where no key was shown that is valid, and none is needed */
  #expiryOf({ name, key: token }: Reading): number | undefined {
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
    if (check.kind === "valid") return check.key.expiresAt;
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
