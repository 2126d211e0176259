/**
 * Reads SRT stream ids: libsrt's Access Control Guidelines, and the short form that other servers
 * take.
 *
 * @module
 */
import type { Reading } from "../session/ingest.ts";
import {
  allReadings,
  keyOfQuery,
  percentDecoded,
  type PublishTarget,
  shown,
  shownPath,
  splitAt,
  userOfQuery,
} from "../session/typed_text.ts";

/** Who a caller says it is, and how it proves it. */
export interface StreamIdCredentials {
  readonly user: string | undefined;
  /** As typed; `undefined` where there is none. */
  readonly key: string | undefined;
  /** All texts that may be the key; `key` is among them. */
  readonly keys: readonly string[];
}

/** A stream id that does not say what to publish. `message` holds nothing of it that may be secret. */
export class StreamIdError extends Error {
  override readonly name = "StreamIdError";

  /** @param kind what is wrong: the form of the stream id, or the mode, where it asks for a stream */
  constructor(readonly kind: "form" | "mode", message: string) {
    super(message);
  }
}

/**
 * Parses `#!::r=NAME,m=publish,u=USER,s=KEY` (in any order, others ignored),
 * `publish:NAME[:USER][:KEY]`, or a plain `NAME` or `NAME?key=KEY`. Where one field follows the name,
 * it is taken for the key. Of a name with an application before it, as in `live/NAME`, the
 * application is left out.
 * @throws {StreamIdError} where it is none of these, or asks for a stream
 */
export function parseStreamId(text: string): PublishTarget {
  const all = readFields(text);
  const [first, ...others] = allReadings(
    all.filter(({ mode }) => mode === PUBLISH).flatMap((fields) => readingsOf(fields)),
  );
  if (first !== undefined) return { ...first, others };
  const asking = all.find(({ mode }) => ASKING_MODES.includes(mode));
  if (asking === undefined) {
    throw new StreamIdError("form", `${EXPECTED}; got ${shownStreamId(text)}`);
  }
  throw new StreamIdError(
    "mode",
    `Cannot serve stream id: expected m=publish, got m=${asking.mode}; ${streamIdHint(text)}`,
  );
}

/** What arrived, with what may be a key left out, and the forms that work; to go on an error. */
export function streamIdHint(text: string): string {
  return `got stream id ${shownStreamId(text)}; expected ${FORMS}`;
}

/** The credentials in a stream id of either form, whatever else stands there. */
export function credentialsOfStreamId(text: string): StreamIdCredentials {
  const all = readFields(text);
  const [{ user, keys: [key] = [] } = { user: undefined }] = all;
  const readings = all.flatMap(({ keys }) => keys.map((key) => ({ name: "", key })));
  const keys = allReadings(readings).flatMap(({ key }) => key ?? []);
  return { user, key, keys };
}

interface Fields {
  readonly mode: string;
  /** The name, and what may stand around it. */
  readonly resource: string | undefined;
  readonly user: string | undefined;
  /** The likeliest first; none where there is no key. */
  readonly keys: readonly string[];
}

const PUBLISH = "publish";
/** The mode of a caller that names none, as the guidelines have it. */
const DEFAULT_MODE = "request";
const ASKING_MODES = [DEFAULT_MODE, "read", "play", "bidirectional"];

const FORMS = "NAME, publish:NAME:USER:KEY or #!::r=NAME,m=publish,s=KEY";
const EXPECTED = `Cannot parse stream id: expected ${FORMS}`;

const ACCESS_CONTROL = "#!::";
/** The keys of one letter that the guidelines have; others are longer. */
const SHORT_KEYS = ["u", "r", "h", "s", "t", "m"];
const LONG_KEY = /^[A-Za-z][\w-]+$/;
/** Fields whose values a message may repeat. */
const OPEN_KEYS = ["r", "t", "h"];

/**
 * As it stands, then with its percent-encoding taken off: some callers, as FFmpeg 5, send what stands
 * in their URL as it is.
 */
function readFields(given: string): Fields[] {
  const text = given.trim();
  const decoded = percentDecoded(text);
  return (decoded === text ? [text] : [text, decoded]).flatMap((text) => readText(text) ?? []);
}

function readText(text: string): Fields | undefined {
  if (text.startsWith(ACCESS_CONTROL)) return readAccessControl(text.slice(ACCESS_CONTROL.length));
  if (text === "" || text.startsWith("#!")) return undefined;
  if (!/^[^?]*:/.test(text)) {
    return { mode: PUBLISH, resource: text, user: undefined, keys: [] };
  }
  const [mode, fields] = splitAt(text, ":");
  const [resource, behind] = splitAt(fields, ":");
  const [user, key] = splitAt(behind, ":");
  if (behind.includes(":")) {
    return {
      mode: mode.trim(),
      resource,
      user: user === "" ? undefined : user,
      keys: [key, behind],
    };
  }
  const keys = fields.includes(":") ? [behind] : [];
  return { mode: mode.trim(), resource, user: undefined, keys };
}

/** A key may have commas: what stands behind one and is no field belongs to it. */
function readAccessControl(list: string): Fields | undefined {
  const fields = new Map<string, string>();
  let last = "";
  for (const item of list.split(",")) {
    const [name, value] = splitAt(item, "=");
    const key = name.trim();
    if (item.includes("=") && (SHORT_KEYS.includes(key) || LONG_KEY.test(key))) {
      fields.set(key, value);
      last = key;
    } else if (last === "s") {
      fields.set(last, `${fields.get(last)},${item}`);
    }
  }
  if (fields.size === 0) return undefined;
  const key = fields.get("s");
  const toTheEnd = /(?:^|,)\s*s\s*=(.*)$/s.exec(list)?.[1];
  return {
    mode: fields.get("m")?.trim() ?? DEFAULT_MODE,
    resource: fields.get("r"),
    user: fields.get("u"),
    keys: [key, toTheEnd].filter((key) => key !== undefined),
  };
}

function readingsOf({ resource, user, keys }: Fields): Reading[] {
  if (resource === undefined) return [];
  const [place, query] = splitAt(resource.trim(), "?");
  const name = withoutApplication(place.replace(/^\/+|\/+$/g, ""));
  const [first = keyOfQuery(query), ...others] = keys;
  return [first, ...others].map((key) => ({ name, key, user: user ?? userOfQuery(query) }));
}

/** `live/NAME` and the like, as other servers have it. */
function withoutApplication(path: string): string {
  return /^(?:[\w-]+\/+)+([\w-]+)$/.exec(path)?.[1] ?? path;
}

function shownStreamId(given: string): string {
  const text = given.trim();
  if (text.startsWith(ACCESS_CONTROL)) return shown(ACCESS_CONTROL + shownFields(text));
  if (text === "") return "none";
  if (text.startsWith("#!")) return "#!…";
  const [mode, fields] = splitAt(text, ":");
  if (!text.includes(":")) return shownPath(text);
  return isMode(mode) ? `${mode}:${shownPath(fields)}` : "…";
}

function shownFields(text: string): string {
  return text.slice(ACCESS_CONTROL.length).split(",").filter((item) => item.includes("="))
    .map((item) => {
      const [key, value] = splitAt(item, "=");
      const isOpen = OPEN_KEYS.includes(key.trim()) || (key.trim() === "m" && isMode(value.trim()));
      return isOpen ? `${key}=${shownPath(value)}` : "…";
    }).join(",");
}

function isMode(text: string): boolean {
  return text === PUBLISH || ASKING_MODES.includes(text);
}
