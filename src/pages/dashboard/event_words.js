// @ts-check
// What operators read of events.

import { count, decibels, duration } from "./format.js";

/** The code of a reason that nobody has given. */
const UNKNOWN_REASON = 50_000;

/**
 * @typedef {object} LogEvent
 * @property {number} number
 * @property {string} time
 * @property {string} event
 * @property {number} session_id
 * @property {string} name
 * @property {string} protocol
 * @property {any} details
 */

/** What operators read, by event. @type {Record<string, (event: LogEvent) => string>} */
const WORDS = {
  "authorize": ({ protocol, details }) => `${details.address} may publish by ${protocol}`,
  "create": ({ protocol, details }) => `on air by ${protocol} from ${details.address}`,
  "pause": ({ details }) => `paused${reason(details, ": the connection is gone")}`,
  "resume": ({ protocol, details }) => `on air again by ${protocol}${reason(details)}`,
  "release": ({ details }) => `over${reason(details)}`,
  "hls-ready": () => "can be heard by every player",
  "hls-release": () => "can no longer be heard",
  "record-start": ({ details }) => `is recorded to ${fileOf(details.path)}`,
  "record-error": ({ details }) => `is not recorded to ${fileOf(details.path)}: ${details.message}`,
  "record-complete": ({ details }) =>
    `recorded to ${fileOf(details.path)}, ${duration(details.durationMs / 1000)}`,
  "fallback-start": ({ details: { why } }) =>
    why === "gone"
      ? "plays its fallback: no audio comes from the DJ"
      : "plays its fallback: the DJ is silent",
  "fallback-end": ({ details: { end } }) =>
    end === "live" ? "the DJ is heard again" : "plays its fallback no longer",
  "input-error": ({ details }) => `cannot be broadcast: ${details.message}`,
  "dead-air": ({ details: { levelDb } }) =>
    levelDb === null
      ? "dead air: digital silence"
      : `dead air: its level (estimate) is ${decibels(levelDb)}`,
  "sound": ({ details }) => `sound again, after ${duration(details.silentMs / 1000)} of dead air`,
  "input-quality": ({ details: { quality } }) =>
    `input so far: ${count(quality.total_count)} frames, ${count(quality.drop_count)} dropped, ` +
    `${count(quality.bad_count)} bad, ${count(quality.filler_count)} silent put in`,
};

/** What happened, in words. @param {LogEvent} event */
export function wordsOf(event) {
  return WORDS[event.event]?.(event) ?? event.event;
}

/**
 * @param {{ reason: { code: number, message: string } }} details
 * @param {string} unknown what is read where nobody has given a reason
 */
function reason({ reason: { code, message } }, unknown = "") {
  return code === UNKNOWN_REASON ? unknown : `: ${message} (${code})`;
}

/** @param {string} path */
function fileOf(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}
