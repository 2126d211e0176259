/**
 * The sources that are let in, so that who has the credentials of one can tell its titles.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";
import type { AdmittedIngest, Reading } from "../session/ingest.ts";
import type { PublishTarget } from "../session/typed_text.ts";
import { Attempts } from "../web/attempts.ts";
import { isSameSecret } from "../web/same_secret.ts";

/** A source, and what it has shown. */
interface LiveSource {
  readonly shown: Pick<Reading, "user" | "key">;
  readonly ingest: AdmittedIngest;
}

/** The sources of all doors for Icecast and Shoutcast, by the names that they publish. */
export class LiveSources {
  readonly #sources = new Map<string, LiveSource>();
  readonly #attempts: Attempts;

  constructor(clock: Pick<Clock, "monotonic" | "after">) {
    this.#attempts = new Attempts(clock);
  }

  /** @returns what takes it out again */
  add(ingest: AdmittedIngest, shown: LiveSource["shown"]): () => void {
    const source = { shown, ingest };
    this.#sources.set(ingest.sessionName, source);
    return () => {
      // Another connection may have taken over the name.
      if (this.#sources.get(ingest.sessionName) !== source) return;
      this.#sources.delete(ingest.sessionName);
    };
  }

  /**
   * The source of a name whose credentials are shown; where both tell a user, that one counts too. An
   * address that has shown wrong ones too often finds none.
   * @param address without port
   */
  find(target: PublishTarget, address: string): AdmittedIngest | undefined {
    if (this.#attempts.exhausted(address)) return undefined;
    // Of a source that has shown nothing, nobody has the credentials, and nothing is no guess.
    const guesses = [target, ...target.others].filter(({ key = "" }) => key !== "");
    const known = guesses.flatMap((guess) => {
      const source = this.#sources.get(guess.name);
      return source === undefined ? [] : [{ guess, ...source }];
    });
    const found = known.find(({ guess, shown }) => isSame(guess, shown));
    if (found === undefined && known.length > 0) this.#attempts.failed(address);
    return found?.ingest;
  }
}

function isSame({ user, key = "" }: Reading, shown: LiveSource["shown"]): boolean {
  const isSameUser = !user || !shown.user || user === shown.user;
  return isSameUser && isSameSecret(key, shown.key ?? "");
}
