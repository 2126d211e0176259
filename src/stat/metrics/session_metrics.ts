/** Metrics of sessions: how many there are, what happens to them, and what arrives. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { EventBus, EventKind } from "../../session/events.ts";
import { PROTOCOLS } from "../../session/ingest.ts";
import type { Session, SessionState } from "../../session/session.ts";
import type { SessionManager } from "../../session/session_manager.ts";
import { registerCounter, registerGauge } from "./read_metrics.ts";

const STATES: readonly SessionState[] = ["init", "ready", "publishing", "paused"];

/** Each has its counter from the start, so that the first one does not go unseen. */
const EVENT_KINDS = Object.keys(
  {
    "authorize": true,
    "create": true,
    "pause": true,
    "resume": true,
    "release": true,
    "hls-ready": true,
    "audience": true,
    "hls-release": true,
    "record-start": true,
    "record-error": true,
    "record-complete": true,
    "metadata": true,
    "fallback-start": true,
    "fallback-end": true,
    "dead-air": true,
    "sound": true,
    "input-error": true,
    "input-quality": true,
  } satisfies Record<EventKind, true>,
);

/** What is summed up over all sessions. */
const SUMS: readonly {
  readonly name: string;
  readonly help: string;
  readonly of: (session: Pick<Session, "quality" | "inputBytes" | "fallbackFrames">) => number;
}[] = [
  {
    name: "echo_input_frames_total",
    help: "Frames that arrived",
    of: ({ quality }) => quality.total_count,
  },
  {
    name: "echo_input_bytes_total",
    help: "Bytes of audio that arrived, without what transports and containers add",
    of: ({ inputBytes }) => inputBytes,
  },
  {
    name: "echo_input_dropped_total",
    help: "Packets that transports gave up, and frames that are not heard",
    of: ({ quality }) => quality.drop_count,
  },
  {
    name: "echo_input_bad_total",
    help: "What could not be parsed",
    of: ({ quality }) => quality.bad_count,
  },
  {
    name: "echo_filler_frames_total",
    help: "Silent frames that were put in",
    of: ({ quality }) => quality.filler_count,
  },
  {
    name: "echo_fallback_frames_total",
    help: "Frames of fallback files that were put in",
    of: ({ fallbackFrames }) => fallbackFrames,
  },
];

/**
 * Metrics of sessions: how many there are, what happens to them, and what arrives.
 * @returns a function that ends it
 */
export function registerSessionMetrics(
  registry: Registry,
  events: EventBus,
  sessions: Pick<SessionManager, "sessions" | "get">,
): () => void {
  registerStates(registry, sessions);
  registerGauge(registry, "echo_fallback_sessions", "Broadcasts whose fallback is heard", () => {
    return sessions.sessions.filter(({ fallback }) => fallback.playing !== undefined).length;
  });
  const happened = new Counter({
    name: "echo_session_events_total",
    help: "What happened to sessions",
    labelNames: ["event"],
    registers: [registry],
  });
  for (const event of EVENT_KINDS) happened.inc({ event }, 0);
  const ended = SUMS.map(() => 0);
  for (const [i, { name, help, of }] of SUMS.entries()) {
    registerCounter(registry, name, help, () => {
      return sessions.sessions.reduce((sum, session) => sum + of(session), ended[i] ?? 0);
    });
  }
  return events.subscribe(({ kind, id }) => {
    happened.inc({ event: kind });
    const session = kind === "release" ? sessions.get(id) : undefined;
    if (session === undefined) return;
    for (const [i, { of }] of SUMS.entries()) ended[i] = (ended[i] ?? 0) + of(session);
  });
}

function registerStates(registry: Registry, sessions: Pick<SessionManager, "sessions">): void {
  new Gauge({
    name: "echo_sessions",
    help: "Sessions by protocol and state",
    labelNames: ["protocol", "state"],
    registers: [registry],
    collect() {
      this.reset();
      for (const protocol of PROTOCOLS) {
        for (const state of STATES) this.set({ protocol, state }, 0);
      }
      for (const { protocol, state } of sessions.sessions) this.inc({ protocol, state });
    },
  });
}
