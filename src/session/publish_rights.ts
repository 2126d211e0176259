/**
 * By what right somebody publishes: a key of this server, the word of an authority, or none where
 * anybody may.
 *
 * @module
 */
import type { Authority } from "./authority.ts";
import { PublishRefused, type PublishRequest, type Reading } from "./ingest.ts";
import type { KeyStore } from "./key_store.ts";
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
   * Until when the right to publish lasts, on {@link Clock.monotonic}.
   * @param approved whether an authority said yes
   * @returns `undefined` where nothing was shown that gives a right, and none is needed
   * @throws {PublishRefused} where one is needed
   */
  expiryOf({ name, key: token }: Reading, approved: boolean): number | undefined {
    const { auth, keys } = this.#options;
    if (approved) return keys.nextExpiry;
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
