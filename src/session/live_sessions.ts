/**
 * All sessions that are live, by id and by name.
 *
 * @module
 */
import type { Session } from "./session.ts";

/**
 * A name has one session that is heard. Until then several clients may each have one of it, and the
 * first that is heard has the name.
 */
export class LiveSessions {
  readonly #byId = new Map<number, Session>();
  readonly #byName = new Map<string, readonly Session[]>();

  get size(): number {
    return this.#byId.size;
  }

  get all(): readonly Session[] {
    return [...this.#byId.values()];
  }

  get(id: number): Session | undefined {
    return this.#byId.get(id);
  }

  /** Those whose DJs have been gone for longer than the hold, and whose fallbacks are heard. */
  get unattended(): readonly Session[] {
    return this.all.filter(({ fallback, isAbandoned }) => fallback !== undefined && isAbandoned);
  }

  /** All sessions of a name, the oldest first. */
  allOf(name: string): readonly Session[] {
    return this.#byName.get(name) ?? [];
  }

  /** The session of a name that is heard, or else the oldest of those that are not. */
  find(name: string): Session | undefined {
    return this.ownOf(name, () => true);
  }

  /** The session of a name that somebody gets: the one that is heard, or else one of his. */
  ownOf(name: string, isHis: (session: Session) => boolean): Session | undefined {
    const all = this.allOf(name);
    return all.find(({ created }) => created !== undefined) ?? all.find(isHis);
  }

  add(session: Session): void {
    const { id, name } = session;
    this.#byId.set(id, session);
    this.#byName.set(name, [...this.allOf(name), session]);
  }

  /** It is over. */
  delete(session: Session): void {
    const { id, name } = session;
    this.#byId.delete(id);
    const others = this.allOf(name).filter((other) => other !== session);
    if (others.length === 0) this.#byName.delete(name);
    else this.#byName.set(name, others);
  }
}
