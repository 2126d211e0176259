// @ts-check
// Formats numbers and times for operators.

/** Stands for a value that is not known. */
const DASH = "–";
/** See `src/stat/told_level.ts`. */
const LEAST_DB = -100;
const WHOLE = new Intl.NumberFormat("en");
const TIME = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const MINUTE = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

/** Formats a bitrate. @param {number | null | undefined} value bits a second */
export function bitrate(value) {
  if (value === null || value === undefined) return DASH;
  if (value >= 1e6) return `${(value / 1e6).toFixed(value < 1e7 ? 2 : 1)} Mb/s`;
  return `${Math.round(value / 1000)} kb/s`;
}

/**
 * Formats a level.
 * @param {number | null | undefined} value dBFS; the least stands for digital silence
 */
export function decibels(value) {
  if (value === null || value === undefined) return DASH;
  return value <= LEAST_DB ? "−∞ dB" : `${Math.round(value)} dB`.replace("-", "−");
}

/** Formats a size. @param {number | null | undefined} value bytes */
export function bytes(value) {
  if (value === null || value === undefined) return DASH;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

/**
 * Formats a duration as `1:02:03`, with days where there are any.
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return DASH;
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24];
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  const clock = days + hours > 0
    ? `${hours}:${pad(minutes)}:${pad(rest)}`
    : `${minutes}:${pad(rest)}`;
  return days > 0 ? `${days} d ${clock}` : clock;
}

/** Formats a whole number. @param {number | null | undefined} value */
export function count(value) {
  return value === null || value === undefined ? DASH : WHOLE.format(value);
}

/**
 * Formats the time of day, with the date where it is not today.
 * @param {string} time RFC 3339
 */
export function timeOfDay(time) {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  return today ? TIME.format(date) : `${DAY.format(date)}, ${TIME.format(date)}`;
}

/** Formats date and time. @param {string | null} time RFC 3339 */
export function dayAndTime(time) {
  return time === null ? DASH : MINUTE.format(new Date(time));
}
