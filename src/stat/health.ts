/**
 * What is wrong with the server at the moment, as `/health`, the metrics and the dashboard tell it.
 */
import type { EventBus } from "../session/events.ts";

/** A part of the server in which something can be wrong, named as its room in `src/` is. */
export type HealthPart =
  | "listening"
  | "srt"
  | "hls"
  | "fallback"
  | "record"
  | "storage"
  | "stat"
  | "hook"
  | "dj"
  | "tls"
  | "tokens"
  | "fleet";

/** How the server is, as `/health` tells it. */
export interface HealthReport {
  /** `degraded`: the server goes on, but cannot do all that it should. */
  readonly status: "ok" | "degraded";
  /** The parts that have problems. Anybody may know them. */
  readonly parts: readonly HealthPart[];
  /** What is wrong, as sentences. They name broadcasts, paths and errors of this machine. */
  readonly problems: readonly string[];
}

/** Tells what is wrong with a part of the server at the moment. */
export type ProblemSource = () => readonly (string | undefined)[];

/** What is wrong with the server, from all who know. */
export class Health {
  readonly #sources: { readonly part: HealthPart; readonly source: ProblemSource }[] = [];

  /** From now on the report has what `source` tells of `part`. */
  add(part: HealthPart, source: ProblemSource): void {
    this.#sources.push({ part, source });
  }

  /** What all sources tell now. */
  get report(): HealthReport {
    const parts = new Set<HealthPart>();
    const problems: string[] = [];
    for (const { part, source } of this.#sources) {
      for (const problem of source()) {
        if (problem === undefined) continue;
        parts.add(part);
        problems.push(problem);
      }
    }
    return { status: problems.length === 0 ? "ok" : "degraded", parts: [...parts], problems };
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
