/**
 * The sources that are let in, so that who has the credentials of one can tell its titles.
 *
 * @module
 */
import type { AdmittedIngest, Reading } from "../session/ingest.ts";
import type { PublishTarget } from "../session/typed_text.ts";
import { isSameSecret } from "../web/same_secret.ts";

/** A source, and what it has shown. */
interface LiveSource {
  readonly shown: Pick<Reading, "user" | "key">;
  readonly ingest: AdmittedIngest;
}

/** The sources of all doors for Icecast and Shoutcast, by the names that they publish. */
export class LiveSources {
  readonly #sources = new Map<string, LiveSource>();

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

  /** The source of a name whose credentials are shown; where both tell a user, that one counts too. */
  find(target: PublishTarget): AdmittedIngest | undefined {
    for (const { name, user, key = "" } of [target, ...target.others]) {
      const source = this.#sources.get(name);
      if (source === undefined) continue;
      const { shown, ingest } = source;
      const isSameUser = !user || !shown.user || user === shown.user;
      if (isSameUser && isSameSecret(key, shown.key ?? "")) return ingest;
    }
    return undefined;
  }
}
