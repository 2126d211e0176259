/**
 * What was heard of a name, and when, as far back as its playlists go.
 *
 * @module
 */
import type { TimedTags } from "../session/tags.ts";

/** The tags of all sessions of a name. */
export class PlayedTags {
  /** The oldest first. */
  #tags: readonly TimedTags[] = [];
  /** Whether the newest are those of a session that has left. */
  #isOver = false;

  /** These are heard from their time on. */
  add(tags: TimedTags): void {
    this.#tags = [...this.#tags, tags].slice(-MAX_KEPT);
    this.#isOver = false;
  }

  /** Another session's frames follow. @param isNew whether they are a new presentation's */
  join(isNew: boolean): void {
    if (isNew) this.#tags = [];
    this.#isOver = true;
  }

  /** The session's first frame is at `place`: what was heard of the one before it is over. */
  begin(place: Omit<TimedTags, "title" | "artist">): void {
    const last = this.#tags.at(-1);
    const isHeard = last?.title !== undefined || last?.artist !== undefined;
    if (this.#isOver && isHeard) this.add({ ...place, title: undefined, artist: undefined });
    this.#isOver = false;
  }

  /** What is heard at `wallMs`, in milliseconds since the epoch; `undefined` where none were told. */
  at(wallMs: number): TimedTags | undefined {
    return this.#tags.findLast((tags) => tags.wallMs <= wallMs);
  }

  /** What is heard at `wallMs`, and after it. */
  since(wallMs: number): readonly TimedTags[] {
    const from = this.#tags.findLastIndex((tags) => tags.wallMs <= wallMs);
    return this.#tags.slice(Math.max(0, from));
  }
}

/** Two a second over a minute: no playlist is as long. */
const MAX_KEPT = 120;
