/** The kinds of values that variables have: how each is read, checked and written. */
import { Buffer } from "node:buffer";
import { isIP, isIPv4, isIPv6 } from "node:net";

/**
 * The longest duration that is allowed. A timer of 2^31 ms or more fires at once, and a key lives a
 * sixtieth longer than what is configured.
 */
const MAX_TIMER_SECONDS = 2_000_000;

const MAX_PORT = 65_535;

/** How a variable's text becomes a value, and how a value becomes text. */
export interface Kind<T> {
  /** What is allowed, worded to follow "expected". */
  readonly allowed: string;
  /** Whether the value must not be shown. */
  readonly secret?: boolean;
  /** The value, or `undefined` where `text` is not allowed. */
  parse(text: string): T | undefined;
  /** The nearest allowed value, where a value beyond the limits is replaced and not refused. */
  nearest?(text: string): T | undefined;
  /** The text that parses to `value`. */
  format(value: T): string;
}

/** Where a server listens; an IPv6 `hostname` has no brackets. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** Limits of a number, both inclusive. */
export interface Limits {
  readonly min: number;
  readonly max?: number;
}

/** On or off. */
export const boolean: Kind<boolean> = {
  allowed: "1, 0, true or false",
  parse(text) {
    if (text === "1" || text === "true") return true;
    if (text === "0" || text === "false") return false;
    return undefined;
  },
  format: (value) => value ? "1" : "0",
};

/** A whole number. */
export function integer(limits: Limits): Kind<number> {
  const { min, max = Number.MAX_SAFE_INTEGER } = limits;
  return {
    allowed: `a whole number, ${describeLimits(limits)}`,
    parse: (text) => /^\d+$/.test(text) ? within(Number(text), min, max) : undefined,
    format: String,
  };
}

/** A level, in decibels of full scale. */
export function dbfs(limits: Required<Limits>): Kind<number> {
  return {
    allowed: `decibels, ${describeLimits(limits)}`,
    parse: (text) => within(parseDecimal(text), limits.min, limits.max),
    format: String,
  };
}

/** A duration, written in seconds, held in milliseconds. */
export function seconds(limits: Limits): Kind<number> {
  const { min, max = MAX_TIMER_SECONDS } = limits;
  return {
    allowed: `seconds, ${describeLimits({ min, max })}`,
    parse(text) {
      const value = within(parseDecimal(text), min, max);
      return value === undefined ? undefined : Math.round(value * 1000);
    },
    format: (ms) => String(ms / 1000),
  };
}

/** As {@link seconds}, but a duration beyond a limit is replaced by that limit. */
export function clampedSeconds(limits: Required<Limits>): Kind<number> {
  return {
    ...seconds(limits),
    nearest(text) {
      const value = parseDecimal(text);
      if (Number.isNaN(value)) return undefined;
      return Math.min(Math.max(value, limits.min), limits.max) * 1000;
    },
  };
}

/** As {@link seconds}, or `all`, which is `Infinity`. */
export function secondsOrAll(limits: Limits): Kind<number> {
  const kind = seconds(limits);
  return {
    allowed: `all, or ${kind.allowed}`,
    parse: (text) => text === "all" ? Infinity : kind.parse(text),
    format: (ms) => ms === Infinity ? "all" : kind.format(ms),
  };
}

/** Where a server listens. */
export const address: Kind<Address> = {
  allowed: "host:port or [IPv6]:port",
  parse(text) {
    const match = /^(?:\[([^\]]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
    if (match === null) return undefined;
    const [, ipv6, host, digits] = match;
    const port = within(Number(digits), 0, MAX_PORT);
    const hostname = ipv6 !== undefined ? onlyIf(isIPv6, ipv6) : onlyIf(isHost, host);
    return port === undefined || hostname === undefined ? undefined : { hostname, port };
  },
  format({ hostname, port }) {
    return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  },
};

/** The same kind, or `off`. */
export function orOff<T extends object>(kind: Kind<T>): Kind<T | "off"> {
  return {
    allowed: `${kind.allowed}, or off`,
    parse: (text) => text === "off" ? text : kind.parse(text),
    format: (value) => value === "off" ? value : kind.format(value),
  };
}

/** An IPv4 or IPv6 address. */
export const ipAddress: Kind<string> = {
  allowed: "an IP address",
  parse: (text) => onlyIf((text) => isIP(text) !== 0, text),
  format: String,
};

/** Networks in CIDR notation; an address stands for itself. */
export const networks: Kind<readonly string[]> = {
  allowed: "addresses and networks such as 10.0.0.0/8, with commas between them",
  parse(text) {
    const parts = text.split(",").map((part) => part.trim());
    return parts.every(isNetwork) ? parts : undefined;
  },
  format: (parts) => parts.join(","),
};

/** A path of a file or folder, without control characters. */
export const path: Kind<string> = {
  allowed: "a path",
  parse: (text) => onlyIf(isPrintable, text),
  format: String,
};

/** A text without control characters. */
export const anyText: Kind<string> = {
  allowed: "a text",
  parse: (text) => onlyIf(isPrintable, text),
  format: String,
};

/** Origins of pages, as browsers write them in `Origin` (RFC 6454 6.2). */
export const origins: Kind<readonly string[]> = {
  allowed: "origins with commas between, as https://a.example",
  parse(text) {
    const parts = text.split(",").map((part) => part.trim().toLowerCase());
    return parts.every(isOrigin) ? parts : undefined;
  },
  format: (parts) => parts.join(","),
};

/** One or more path segments of a URL, held without slashes around them. */
export const urlPath: Kind<string> = {
  allowed: "letters, digits, - and _, with / between them, and not prerole",
  parse(text) {
    const trimmed = text.replace(/^\/+|\/+$/g, "");
    // /prerole/ is the path of the preroll, on the same server.
    return /^[\w-]+(?:\/[\w-]+)*$/.test(trimmed) && trimmed !== "prerole" ? trimmed : undefined;
  },
  format: String,
};

/** A web address, in which `{name}` may stand for a broadcast's name. */
export const urlPattern: Kind<string> = {
  allowed: "an http:// or https:// URL, as https://img.example/{name}.jpg",
  parse(text) {
    const url = /^https?:\/\//i.test(text) ? URL.parse(text.replaceAll("{name}", "a")) : null;
    return url !== null && url.username === "" && url.password === "" ? text : undefined;
  },
  format: String,
};

/** A web address that may hold a token, as webhooks often do, so it is kept secret. */
export const secretUrl: Kind<string> = {
  allowed: "an http:// or https:// URL",
  secret: true,
  parse: (text) => onlyIf((text) => /^https?:\/\//i.test(text) && URL.canParse(text), text),
  format: String,
};

/** A secret that travels in a header: printable ASCII without spaces. */
export const token: Kind<string> = {
  allowed: "printable ASCII without spaces",
  secret: true,
  parse: (text) => onlyIf((text) => /^[\x21-\x7e]+$/.test(text), text),
  format: String,
};

/** A secret. Its length is counted in UTF-8 bytes, as libsrt and the cookie's key count it. */
export function passphrase(limits: Required<Limits>): Kind<string> {
  const { min, max } = limits;
  return {
    allowed: `${min === max ? `exactly ${min}` : `${min} to ${max}`} characters`,
    secret: true,
    parse(text) {
      const length = within(Buffer.byteLength(text), min, max);
      return length === undefined ? undefined : onlyIf(isPrintable, text);
    },
    format: String,
  };
}

/** One of a few words. */
export function oneOf<const W extends string>(...words: W[]): Kind<W> {
  return {
    allowed: words.join(" or "),
    parse: (text) => words.find((word) => word === text),
    format: String,
  };
}

/** The same kind, only with values for which `allow` is true. `allowed` says which these are. */
export function where<T>(kind: Kind<T>, allowed: string, allow: (value: T) => boolean): Kind<T> {
  return {
    ...kind,
    allowed,
    parse(text) {
      const value = kind.parse(text);
      return value !== undefined && allow(value) ? value : undefined;
    },
  };
}

function describeLimits({ min, max }: Limits): string {
  return max === undefined ? `${min} or more` : `${min} to ${max}`;
}

/** @returns NaN where `text` is not a decimal number */
function parseDecimal(text: string): number {
  // Of -0, a value like another, it makes 0.
  return /^-?(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) + 0 : NaN;
}

function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}

function onlyIf(allow: (text: string) => boolean, text: string | undefined): string | undefined {
  return text !== undefined && allow(text) ? text : undefined;
}

/** Apps that are pages have schemes of their own, whose `URL.origin` says nothing. */
function isOrigin(text: string): boolean {
  const url = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/.test(text) ? URL.parse(text) : null;
  return url !== null && (url.origin === "null" || url.origin === text);
}

function isNetwork(text: string): boolean {
  const [, address = "", bits = "0"] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  return isIP(address) !== 0 && Number(bits) <= (isIPv4(address) ? 32 : 128);
}

/** A host name or an IPv4 address. Text of digits and dots alone must be an IPv4 address. */
function isHost(text: string): boolean {
  return /^[\d.]+$/.test(text) ? isIPv4(text) : true;
}

function isPrintable(text: string): boolean {
  return !/\p{Cc}/u.test(text);
}
