/**
 * The whole fleet at a glance: all boxes are asked, and what they tell is added up.
 *
 * @module
 */
import type { FleetView } from "../../fleet/fleet_view.ts";
import type { BoxLinks } from "../../fleet/links/box_links.ts";
import type { MembershipState } from "../../fleet/membership.ts";
import type { BoxState, KnownBox } from "../../fleet/registry.ts";
import type { Clock } from "../../session/clock.ts";
import { type BoxReport, parseBoxReport, type ReportedSession } from "./box_report.ts";
import { BOX_PATH } from "./box_routes.ts";
import { dashboardUrl } from "./box_urls.ts";

/** How long a box may take to answer. */
const TIMEOUT_MS = 1000;
/** Whoever asks within this gets what was found last. */
const FRESH_MS = 1000;
/** What a box with 2000 broadcasts tells is less than 1 MB. */
const MAX_BYTES = 4 * 2 ** 20;

/** What `GET /stat/1/fleet` answers. */
export interface FleetReport {
  /** The box that has asked the others. */
  readonly box: string;
  /** How the registry answers that box. */
  readonly registry: ReportedRegistry;
  readonly total: {
    readonly boxes: number;
    readonly sessions: number;
    readonly listeners: number;
  };
  /** By id. */
  readonly boxes: readonly ReportedBox[];
  /** By name. */
  readonly sessions: readonly FleetSession[];
}

export interface ReportedRegistry {
  /** Whether it counts the box among those of the fleet. */
  readonly joined: boolean;
  /** How long ago it answered a beat. */
  readonly beat_age_ms: number;
  /** How often it did not answer in time, or with an error. */
  readonly errors: number;
}

export interface ReportedBox {
  readonly id: string;
  readonly state: BoxState;
  readonly version: string;
  /** Where clients find it. */
  readonly address: string;
  /** Its dashboard; null where it has none. */
  readonly dashboard: string | null;
  /** How long ago it was heard last. */
  readonly age_ms: number;
  /** Part of a core that the process takes. */
  readonly cpu: number;
  /** Resident. */
  readonly memory_bytes: number;
  readonly sessions: number;
  readonly listeners: number;
  /** Broadcasts that have not come to their end in every respect; null where it does not answer. */
  readonly left: number | null;
  /** When it was started, by RFC 3339; null where it does not answer. */
  readonly started: string | null;
  /** What is wrong with it, in words. */
  readonly problems: readonly string[];
}

export interface FleetSession extends ReportedSession {
  /** The box that has it. */
  readonly box: string;
  /** On all boxes. */
  readonly listeners: number;
}

export interface FleetReporterOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly view: Pick<FleetView, "box" | "boxes">;
  readonly membership: MembershipState;
  readonly links: Pick<BoxLinks, "request">;
  /** What this box tells. */
  readonly own: () => BoxReport;
}

/** A box with what it told, or why it did not. */
interface AskedBox {
  readonly box: KnownBox;
  readonly told: BoxReport | undefined;
  readonly problem: string | undefined;
}

/** Asks all boxes at once. Many who ask at a time get the same answer. */
export class FleetReporter {
  readonly #options: FleetReporterOptions;
  #report: Promise<FleetReport> | undefined;
  #askedAt = -Infinity;

  constructor(options: FleetReporterOptions) {
    this.#options = options;
  }

  /** Of boxes that do not answer within a second, it has what the registry knows. */
  report(): Promise<FleetReport> {
    const now = this.#options.clock.monotonic();
    if (this.#report === undefined || now - this.#askedAt >= FRESH_MS) {
      this.#askedAt = now;
      this.#report = this.#ask();
    }
    return this.#report;
  }

  async #ask(): Promise<FleetReport> {
    const { view } = this.#options;
    const boxes = [...view.boxes].sort((a, b) => a.id < b.id ? -1 : 1);
    const asked = await Promise.all(boxes.map((box) => this.#askBox(box)));
    const { isJoined: joined, beatAgeMs, errors } = this.#options.membership;
    const registry = { joined, beat_age_ms: Math.round(beatAgeMs), errors };
    return { box: view.box, registry, ...sumUp(asked) };
  }

  async #askBox(box: KnownBox): Promise<AskedBox> {
    const { view, links, own } = this.#options;
    if (box.id === view.box) return { box, told: own(), problem: undefined };
    try {
      const init = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES };
      const answer = await links.request(box, BOX_PATH, init);
      return { box, told: parseBoxReport(await answer.json()), problem: undefined };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { box, told: undefined, problem };
    }
  }
}

function sumUp(asked: readonly AskedBox[]): Omit<FleetReport, "box" | "registry"> {
  const listeners = new Map<string, number>();
  for (const { told } of asked) {
    for (const [name, count] of Object.entries(told?.listeners.names ?? {})) {
      listeners.set(name, (listeners.get(name) ?? 0) + count);
    }
  }
  const boxes = asked.map(reportedBox);
  const sessions = asked.flatMap(({ box, told }) => {
    return (told?.sessions ?? []).map((session) => {
      return { ...session, box: box.id, listeners: listeners.get(session.name) ?? 0 };
    });
  });
  return {
    total: {
      boxes: boxes.length,
      sessions: boxes.reduce((sum, box) => sum + box.sessions, 0),
      listeners: boxes.reduce((sum, box) => sum + box.listeners, 0),
    },
    boxes,
    sessions: sessions.sort((a, b) => a.name < b.name ? -1 : 1),
  };
}

function reportedBox({ box, told, problem }: AskedBox): ReportedBox {
  const { id, state, version, publicAddress, ageMs, load } = box;
  return {
    ...{ id, state, version, address: publicAddress.ip, dashboard: dashboardUrl(box) ?? null },
    age_ms: Math.round(ageMs),
    cpu: Math.round(load.cpu * 1000) / 1000,
    memory_bytes: load.residentBytes,
    sessions: told?.sessions.length ?? load.sessions,
    listeners: told?.listeners.total ?? load.listeners,
    left: told?.left ?? null,
    started: told?.started ?? null,
    problems: told?.problems ?? (problem === undefined ? [] : [problem]),
  };
}
