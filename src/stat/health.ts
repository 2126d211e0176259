/**
 * What is wrong with the server at the moment, as `/health`, the metrics and the dashboard tell it.
 */
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
  /** By what could not be written or finished. */
  const failing = new Map<string, { readonly id: number; readonly problem: string }>();
  const forget = (id: number) => {
    for (const [path, failure] of failing) if (failure.id === id) failing.delete(path);
  };
  events.subscribe((event) => {
    const { kind, id, name } = event;
    if (kind === "record-error" && isLive(id)) {
      failing.set(event.path, { id, problem: `${name} is not recorded: ${event.message}` });
    } else if (kind === "record-complete") failing.delete(event.part);
    else if (kind === "record-start" || kind === "release") forget(id);
  });
  return () => Array.from(failing.values(), ({ problem }) => problem);
}
