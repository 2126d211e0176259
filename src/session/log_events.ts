/** Writes events to the log, as lines for people. */
import { getLogger } from "@logtape/logtape";
import type { EventKind, FallbackEnd, SessionEvent } from "./events.ts";

const logger = getLogger(["echo", "session"]);

/** Other than `info`. */
const LEVELS: Partial<Record<EventKind, "debug" | "warn" | "error">> = {
  "audience": "debug",
  "metadata": "debug",
  // The output itself tells people earlier, and only of the last session of a name.
  "hls-ready": "debug",
  "hls-release": "debug",
  "record-error": "error",
  "input-error": "warn",
  "fallback-start": "warn",
  "dead-air": "warn",
};

/** Writes an event to the log, as a line for people. */
export function logEvent(event: SessionEvent): void {
  const { id, name, protocol } = event;
  logger[LEVELS[event.kind] ?? "info"](describe(event), { id, name, protocol, ...details(event) });
}

/** The message's template for what belongs to `event`. */
function describe(event: SessionEvent): string {
  switch (event.kind) {
    case "authorize":
      return event.props.dj === undefined
        ? "{address} may publish by {protocol}"
        : "{dj} at {address} may publish by {protocol}";
    case "create":
      return "on air by {protocol} from {address}";
    case "pause":
      return "paused: {reason}";
    case "resume":
      return "on air again by {protocol}: {reason}";
    case "release":
      return "over: {reason}";
    case "hls-ready":
      return "can be heard by every player at {path}";
    case "audience":
      return "{listeners} listen, {peak} did at most";
    case "hls-release":
      return "has been heard to its end";
    case "record-start":
      return "is recorded to {path}";
    case "record-error":
      return "is not recorded to {path}: {message}";
    case "record-complete":
      return "recorded to {path}, {durationMs} ms";
    case "input-error":
      return "cannot be broadcast: {message}";
    case "metadata":
      return "plays {song}";
    case "fallback-start":
      return event.why === "gone"
        ? "its fallback is heard: no audio comes from the DJ"
        : "its fallback is heard: the DJ is silent";
    case "fallback-end":
      return FALLBACK_ENDS[event.end];
    case "dead-air":
      return event.levelDb === null
        ? "dead air: digital silence"
        : "dead air: its level is {levelDb} dB (estimate)";
    case "sound":
      return "sound again, after {silentMs} ms of dead air";
    case "input-quality":
      return "input so far: {total} frames, {dropped} dropped, {bad} bad, {filler} silent put in";
  }
}

const FALLBACK_ENDS: Readonly<Record<FallbackEnd, string>> = {
  "live": "the DJ is heard again instead of its fallback",
  "limit": "its fallback was heard for as long as it may be",
  "over": "its fallback is no longer heard",
};

function details(event: SessionEvent): Record<string, unknown> {
  if (event.kind === "input-quality") {
    const { total_count, drop_count, bad_count, filler_count } = event.quality;
    return { total: total_count, dropped: drop_count, bad: bad_count, filler: filler_count };
  }
  if (event.kind === "metadata") {
    return { song: [event.title, event.artist].filter((text) => text !== null).join(", ") };
  }
  if (!("reason" in event)) return { ...event, dj: event.props.dj };
  return { reason: `${event.reason.message} (${event.reason.code})` };
}
