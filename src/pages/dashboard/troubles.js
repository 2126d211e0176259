// @ts-check
// What is wrong now: the troubles that there are alerts for, in the words of docs/operations.md.

import { decibels, duration } from "./format.js";

/** The alerts' thresholds (`scripts/prometheus-alerts.yml`). */
const LITTLE_SPACE = 0.1;
const LATE_MS = 500;
const LAG_MS = 250;
const MUCH_LOST_PERCENT = 1;
const MUCH_UNREAD = 0.1;
/** An encoder may take this long to connect, and to send, before its session counts as waiting. */
const WAIT_MS = 10_000;
/** An encoder sends about 47 frames a second. If none comes for this long, something is wrong. */
const SILENT_MS = 2500;
/** Lateness counts for so many samples after it was measured: a minute. */
const LATELY = 12;
/** Of a trouble that more sessions have than this, the band tells in one line. */
const MAX_LINES = 3;
/** So many of their names are told there. */
const MAX_NAMES = 5;

/** The troubles of sessions, the worst first. Rows are sorted by this. */
const RANKS = [
  "EchoPaused",
  "EchoFallback",
  "EchoWaiting",
  "EchoDeadAir",
  "silent",
  "EchoInputLoss",
  "EchoSrtLoss",
  "EchoInputBad",
];

/**
 * What a snapshot tells of a session, as far as troubles go.
 * @typedef {object} Judged
 * @property {number} id
 * @property {string} name
 * @property {string} state
 * @property {string} protocol
 * @property {string | null} address
 * @property {number | null} silent milliseconds without audio
 * @property {number | null} since when it began to wait, by the server's clock
 * @property {string | null} why what ended its audio, or came instead of it
 * @property {number | null} lost percent of the audio that was not heard in the last minute
 * @property {number} too_fast 1 where some of that was sent faster than real time
 * @property {number} unread what could not be read in the last minute, a second
 * @property {"gone" | "dead-air" | null} fallback why its fallback is heard
 * @property {number | null} level its level (estimate), in dBFS
 * @property {number | null} dead_air milliseconds of audio without sound, where it is dead air
 *
 * @typedef {object} SessionTrouble
 * @property {string} alert the alert that tells of it too; `silent` has none
 * @property {string} text continues the session's name
 *
 * @typedef {object} Trouble
 * @property {string} key the same as long as the trouble lasts
 * @property {string} alert
 * @property {boolean} critical
 * @property {{ id: number, name: string }[]} sessions those that have it; none: the whole server
 * @property {string} text a sentence; where one session has it, its name stands before
 */

/** What stands there while the server does not answer. @type {Trouble} */
export const NOT_CONNECTED = {
  ...{ key: "EchoDown", alert: "EchoDown", critical: true, sessions: [] },
  text: "Echo does not answer",
};

/**
 * What is wrong with a session, the worst first.
 * @param {Judged} session
 * @param {number} now the server's time
 * @returns {SessionTrouble | undefined}
 */
export function troubleOf(session, now) {
  const { state, protocol, silent, since, lost, unread, fallback } = session;
  if (fallback !== null) {
    return { alert: "EchoFallback", text: `plays its fallback: ${whyFallback(session)}` };
  }
  if (state === "paused") {
    return { alert: "EchoPaused", text: `has lost its DJ: ${whyOf(session)}` };
  }
  if (state !== "publishing") {
    const waits = session.why !== null || now - (since ?? now) >= WAIT_MS;
    return waits
      ? { alert: "EchoWaiting", text: `waits for its audio: ${whyOf(session)}` }
      : undefined;
  }
  if (session.dead_air !== null) {
    const text = `${hasNoSound(session.dead_air)}: its level (estimate) is ${
      decibels(session.level)
    }`;
    return { alert: "EchoDeadAir", text };
  }
  if ((silent ?? 0) > SILENT_MS) {
    return { alert: "silent", text: sendsNothing(session) };
  }
  if ((lost ?? 0) > MUCH_LOST_PERCENT) {
    if (session.too_fast > 0) {
      const text = `sends faster than real time: ${lost} % of it is not heard`;
      return { alert: "EchoInputLoss", text };
    }
    return protocol === "srt"
      ? { alert: "EchoSrtLoss", text: `loses ${lost} % for good; try a larger ECHO_SRT_LATENCY` }
      : { alert: "EchoInputLoss", text: `sends audio of which ${lost} % is not heard` };
  }
  if (unread > MUCH_UNREAD) return { alert: "EchoInputBad", text: "sends what cannot be read" };
  return undefined;
}

/**
 * Why a session waits for audio.
 * @param {Pick<Judged, "state" | "address" | "why">} session
 */
export function whyOf({ state, address, why }) {
  if (why !== null) return why;
  if (address !== null) return `${address} is connected and sends no audio`;
  return state === "paused" ? "the connection is gone" : "no encoder is connected";
}

/** @param {Judged} session */
function sendsNothing({ silent }) {
  return `has sent nothing for ${duration((silent ?? 0) / 1000)}`;
}

/** @param {number} ms */
function hasNoSound(ms) {
  return `has had no sound for ${duration(ms / 1000)}`;
}

/** @param {Judged} session */
function whyFallback(session) {
  if (session.state === "paused") return `it has lost its DJ, ${whyOf(session)}`;
  if ((session.silent ?? 0) > SILENT_MS) return `its DJ ${sendsNothing(session)}`;
  if (session.dead_air !== null) return `its DJ ${hasNoSound(session.dead_air)}`;
  return session.fallback === "gone" ? "its DJ is back and not heard yet" : "its DJ is silent";
}

/**
 * What rows are sorted by: the worst trouble has the lowest number.
 * @param {SessionTrouble | undefined} trouble
 */
export function rankOf(trouble) {
  const rank = trouble === undefined ? -1 : RANKS.indexOf(trouble.alert);
  return rank === -1 ? RANKS.length : rank;
}

/** Whether the dashboard warns of a disk. @param {{ free: number, size: number }} disk */
export function isNearlyFull({ free, size }) {
  return free < size * LITTLE_SPACE;
}

/**
 * All that is wrong now, the worst first.
 * @param {object} seen
 * @param {number} seen.at the server's time
 * @param {Judged[]} seen.sessions
 * @param {string[]} seen.problems what the server itself tells, in sentences
 * @param {Record<string, { free: number, size: number } | null>} seen.disks by what they are for
 * @param {Record<string, number[]>} seen.history the last hour, by field
 * @returns {Trouble[]}
 */
export function troublesOf({ at, sessions, problems, disks, history }) {
  const troubles = [
    ...problems.map((text) => serverTrouble("EchoDegraded", true, text, text)),
    ...lateTroubles(history),
    ...diskTroubles(disks),
    ...sessionTroubles(sessions, at),
  ];
  return [...troubles.filter((it) => it.critical), ...troubles.filter((it) => !it.critical)];
}

/**
 * The title of the tab: how much is wrong, and the worst of it.
 * @param {Trouble[]} troubles
 * @param {string} host
 */
export function tabTitle([worst, ...others], host) {
  if (worst === undefined) return `Echo – ${host}`;
  return `(${others.length + 1}) ${sentenceOf(worst)} – Echo – ${host}`;
}

/**
 * What an alarm tells apart: each trouble of each session, and each of the server.
 * @param {Trouble[]} troubles
 */
export function keysOf(troubles) {
  return troubles.flatMap(({ key, alert, sessions }) => {
    return sessions.length === 0 ? [key] : sessions.map(({ id }) => `${alert} ${id}`);
  });
}

/** A trouble with the name of who has it. @param {Trouble} trouble */
export function sentenceOf({ sessions, text }) {
  return sessions.length === 1 ? `${sessions[0]?.name} ${text}` : text;
}

/**
 * @param {string} alert
 * @param {boolean} critical
 * @param {string} text
 * @param {string} key
 * @returns {Trouble}
 */
function serverTrouble(alert, critical, text, key = "") {
  return { key: `${alert} ${key}`, alert, critical, sessions: [], text };
}

/** @param {Record<string, number[]>} history */
function lateTroubles({ lateness = [], lag = [] }) {
  const [late, lagging] = [lateness, lag].map((column) => Math.max(0, ...column.slice(-LATELY)));
  const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(1)} s`;
  const troubles = [];
  if (late !== undefined && late > LATE_MS) {
    const text = `Segments are ${seconds(late)} late; players may run out of audio`;
    troubles.push(serverTrouble("EchoSegmentsLate", true, text));
  }
  if (lagging !== undefined && lagging > LAG_MS) {
    const text = `The event loop is ${seconds(lagging)} late; the processor is too busy`;
    troubles.push(serverTrouble("EchoEventLoopLag", false, text));
  }
  return troubles;
}

/** @param {Record<string, { free: number, size: number } | null>} disks */
function diskTroubles(disks) {
  /** What each disk is for: two folders on one disk are one trouble. @type {Map<string, string[]>} */
  const folders = new Map();
  for (const [folder, disk] of Object.entries(disks)) {
    if (disk === null || !isNearlyFull(disk)) continue;
    const share = `${Math.floor(100 * disk.free / disk.size)} %`;
    folders.set(share, [...folders.get(share) ?? [], folder]);
  }
  return [...folders].map(([share, names]) => {
    const text = `${share} of the disk for ${names.join(" and ")} is free`;
    return serverTrouble("EchoDiskNearlyFull", false, text, names.join());
  });
}

/**
 * @param {Judged[]} sessions
 * @param {number} now
 */
function sessionTroubles(sessions, now) {
  return RANKS.flatMap((alert) => {
    const having = sessions.flatMap(({ id, name, ...rest }) => {
      const trouble = troubleOf({ id, name, ...rest }, now);
      return trouble?.alert === alert ? [{ id, name, text: trouble.text }] : [];
    }).sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    if (alert === "silent") return [];
    if (having.length > MAX_LINES) return [manyTrouble(alert, having)];
    return having.map(({ id, name, text }) => ({
      ...{ key: `${alert} ${id}`, alert, critical: false, sessions: [{ id, name }], text },
    }));
  });
}

/** What many sessions have. @type {Record<string, string>} */
const OF_MANY = {
  EchoPaused: "broadcasts have lost their DJ",
  EchoFallback: "broadcasts play their fallback",
  EchoDeadAir: "broadcasts have no sound",
  EchoWaiting: "sessions wait for their audio",
  EchoInputLoss: "broadcasts lose more than 1 % of their audio",
  EchoSrtLoss: "broadcasts lose more than 1 % for good; try a larger ECHO_SRT_LATENCY",
  EchoInputBad: "encoders send what cannot be read",
};

/**
 * @param {string} alert
 * @param {{ id: number, name: string }[]} sessions
 * @returns {Trouble}
 */
function manyTrouble(alert, sessions) {
  const names = sessions.slice(0, MAX_NAMES).map(({ name }) => name).join(", ");
  const rest = sessions.length > MAX_NAMES ? ` and ${sessions.length - MAX_NAMES} more` : "";
  const text = `${sessions.length} ${OF_MANY[alert] ?? alert}: ${names}${rest}`;
  return { key: `${alert} many`, alert, critical: false, sessions, text };
}
