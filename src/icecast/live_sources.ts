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
  /** The latest of a name first: there may be several before the first of them is heard. */
  readonly #sources = new Map<string, readonly LiveSource[]>();
  readonly #attempts: Attempts;

  constructor(clock: Pick<Clock, "monotonic" | "after">) {
    this.#attempts = new Attempts(clock);
  }

  /** @returns what takes it out again */
  add(ingest: AdmittedIngest, shown: LiveSource["shown"]): () => void {
    const source = { shown, ingest };
    const { sessionName: name } = ingest;
    this.#sources.set(name, [source, ...this.#of(name)]);
    return () => {
      const others = this.#of(name).filter((other) => other !== source);
      if (others.length > 0) this.#sources.set(name, others);
      else this.#sources.delete(name);
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
      return this.#of(guess.name).map((source) => ({ guess, ...source }));
    });
    const found = known.find(({ guess, shown }) => isSame(guess, shown));
    if (found === undefined && known.length > 0) this.#attempts.failed(address);
    return found?.ingest;
  }

  #of(name: string): readonly LiveSource[] {
    return this.#sources.get(name) ?? [];
  }
}

function isSame({ user, key = "" }: Reading, shown: LiveSource["shown"]): boolean {
  const isSameUser = !user || !shown.user || user === shown.user;
  return isSameUser && isSameSecret(key, shown.key ?? "");
}
