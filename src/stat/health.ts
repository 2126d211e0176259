import type { EventBus } from "../session/events.ts";

/** How the server is, as `/health` tells it. */
export interface HealthReport {
  /** `degraded`: it goes on, but not all that it is to do can be done. */
  readonly status: "ok" | "degraded";
  /** What is wrong, as sentences. */
  readonly problems: readonly string[];
}

/** Something that knows what is wrong with a part of the server at the moment. */
export type ProblemSource = () => readonly (string | undefined)[];

/** What is wrong with the server, from all who know. */
export class Health {
  readonly #sources: ProblemSource[] = [];

  add(source: ProblemSource): void {
    this.#sources.push(source);
  }

  get report(): HealthReport {
    const all = this.#sources.flatMap((source) => source());
    const problems = all.filter((problem) => problem !== undefined);
    return { status: problems.length === 0 ? "ok" : "degraded", problems };
  }
}

/**
 * Broadcasts that are on air and not recorded: from an error until a new file is begun, or the end.
 * @param isLive whether there is a session of that id
 */
export function failingRecordings(
  events: EventBus,
  isLive: (id: number) => boolean,
): ProblemSource {
  const failing = new Map<number, string>();
  events.subscribe((event) => {
    const { kind, id, name } = event;
    if (kind === "record-error" && isLive(id)) {
      failing.set(id, `${name} is not recorded: ${event.message}`);
    } else if (kind === "record-start" || kind === "release") failing.delete(id);
  });
  return () => [...failing.values()];
}
