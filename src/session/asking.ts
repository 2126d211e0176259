/**
 * What is asked of others before somebody may publish: an authority, and who has the name.
 *
 * @module
 */
import { questionAbout } from "./authority.ts";
import type { Approval, Doorkeeper, PublishRequest, Reading } from "./ingest.ts";
import type { LiveSessions } from "./live_sessions.ts";
import type { Names, NameWish } from "./names.ts";
import type { Openness } from "./openness.ts";
import type { Places } from "./places.ts";
import type { PublishRights } from "./publish_rights.ts";

export interface AskingOptions {
  readonly rights: PublishRights;
  readonly openness: Openness;
  readonly places: Places;
  readonly sessions: LiveSessions;
  readonly names: () => Names;
}

/** Asks whoever has to be asked. */
export class Asking implements Pick<Doorkeeper, "ask"> {
  readonly #options: AskingOptions;

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /** As {@link approve}; and has this server get the name, where another one has it. */
  ask(request: PublishRequest): Promise<Approval | undefined> | undefined {
    const reading = this.read(request);
    const answer = this.#approve(reading, request);
    if (this.#options.names().owns(reading.name)) return answer;
    return Promise.resolve(answer).then(async (approved) => {
      await this.#ownFor(reading, request, approved);
      return approved;
    });
  }

  /** Has the authority say who may publish, where there is one; this server's own keys need none. */
  approve(request: PublishRequest): Promise<Approval | undefined> | undefined {
    return this.#approve(this.read(request), request);
  }

  /**
   * Has this server get the name that is wished for, where another one has it.
   * @throws {PublishRefused}
   */
  async own(wish: NameWish): Promise<void> {
    const { openness, sessions, names } = this.#options;
    this.#checkOpen(wish.name);
    if (names().owns(wish.name)) return;
    const release = openness.holdPlace(wish.name, sessions);
    try {
      await names().own(wish);
    } finally {
      release();
    }
  }

  /** What was typed means. */
  read(request: PublishRequest): Reading {
    const { rights, sessions } = this.#options;
    return rights.read(request, (name) => sessions.find(name) !== undefined);
  }

  #approve(
    reading: Reading,
    { transport }: PublishRequest,
  ): Promise<Approval | undefined> | undefined {
    const { rights, places, sessions } = this.#options;
    const authority = rights.authorityOver(reading);
    if (authority !== undefined) this.#checkOpen(reading.name);
    const answer = authority?.ask(questionAbout(reading, transport));
    const live = sessions.find(reading.name);
    const caughtUp = live && places.readFirst(live);
    if (answer === undefined) return caughtUp;
    return Promise.all([answer, caughtUp]).then(([approval]) => approval);
  }

  async #ownFor(
    reading: Reading,
    { transport: { protocol, address } }: PublishRequest,
    approved: Approval | undefined,
  ): Promise<void> {
    const { name, key } = reading;
    const approval = approved?.name === name ? approved : undefined;
    this.#options.rights.rightTo(undefined, reading, approval);
    const tokens = key === undefined ? [] : [key];
    const shown = { tokens, approved: approval !== undefined };
    await this.own({ name, protocol, address, shown });
  }

  #checkOpen(name: string): void {
    const { openness, sessions } = this.#options;
    openness.checkName(name, sessions.find(name) !== undefined);
  }
}
