/** Where a Redis is, as one URL tells it. */
import type { Address, Kind } from "./kinds.ts";
import { address } from "./kinds.ts";

/** Where a Redis is, and how it is entered. */
export interface RedisPlace {
  /** The Redis; or, with `masterName`, the Sentinels that know where it is. At least one. */
  readonly hosts: readonly Address[];
  /** How Sentinels name it; `undefined` where there are none. */
  readonly masterName: string | undefined;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

/** `redis://`, `rediss://` (TLS) and `redis+sentinel://`, with what Redis's own URLs have in them. */
export const redisUrl: Kind<RedisPlace> = {
  allowed: "redis://, rediss:// or redis+sentinel://HOST,HOST/NAME",
  secret: true,
  parse(text) {
    const match = URL_PATTERN.exec(text);
    if (match === null) return undefined;
    const [, scheme = "", username = "", password, hostsText = "", path = ""] = match;
    const hosts = hostsText.split(",").map((host) => hostOf(host, DEFAULT_PORTS[scheme] ?? 0));
    const rest = scheme === SENTINEL ? sentinelPath(path) : databaseOf(path);
    const isOne = scheme === SENTINEL || hosts.length === 1;
    if (rest === undefined || !isOne || !hosts.every((host) => host !== undefined)) {
      return undefined;
    }
    const words = [username, password].map((word) => word === undefined ? "" : decoded(word));
    if (words.includes(undefined)) return undefined;
    const [user, secret] = words.map((word) => word === "" ? undefined : word);
    return { hosts, tls: scheme === "rediss", username: user, password: secret, ...rest };
  },
  format({ hosts, masterName, tls, username = "", password, database }) {
    const scheme = masterName !== undefined ? SENTINEL : tls ? "rediss" : "redis";
    const secret = password === undefined ? "" : `:${encodeURIComponent(password)}`;
    const user = `${encodeURIComponent(username)}${secret}`;
    const path = masterName === undefined ? `/${database}` : `/${masterName}/${database}`;
    return `${scheme}://${user === "" ? "" : `${user}@`}${hosts.map(address.format)}${path}`;
  },
};

const SENTINEL = "redis+sentinel";
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  redis: 6379,
  rediss: 6379,
  [SENTINEL]: 26_379,
};

const URL_PATTERN = /^(rediss?|redis\+sentinel):\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/]+)(\/.*)?$/;

function hostOf(text: string, defaultPort: number): Address | undefined {
  const found = address.parse(text) ?? address.parse(`${text}:${defaultPort}`);
  return found?.port === 0 ? undefined : found;
}

type PlacePath = Pick<RedisPlace, "masterName" | "database">;

function databaseOf(path: string): PlacePath | undefined {
  const [, digits = "0"] = /^\/?(\d{1,5})?$/.exec(path) ?? [undefined, ""];
  return digits === "" ? undefined : { masterName: undefined, database: Number(digits) };
}

function sentinelPath(path: string): PlacePath | undefined {
  const [, masterName, digits = "0"] = /^\/([\w.-]+)(?:\/(\d{1,5}))?$/.exec(path) ?? [];
  return masterName === undefined ? undefined : { masterName, database: Number(digits) };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
