// SRT stream ids: libsrt's Access Control Guidelines, and the short form that other servers take.

/** Who a caller says it is, and how it proves it; `undefined` where there is none. */
export interface StreamIdCredentials {
  readonly user: string | undefined;
  readonly key: string | undefined;
}

/** What a caller wants to publish; nothing in it has been checked. */
export interface PublishTarget extends StreamIdCredentials {
  readonly name: string;
}

/** A stream id that does not say what to publish. `message` holds nothing of it that may be secret. */
export class StreamIdError extends Error {
  override readonly name = "StreamIdError";
}

/**
 * Parses `#!::r=NAME,m=publish,u=USER,s=KEY` (in any order, others ignored),
 * `publish:NAME[:USER][:KEY]`, or a plain `NAME`. Where one field follows the name, it is taken for
 * the key.
 * @throws {StreamIdError} where it is none of these, or asks for a stream
 */
export function parseStreamId(text: string): PublishTarget {
  const { mode, name, user, key } = readFields(text) ?? {};
  if (mode !== undefined && ASKING_MODES.includes(mode)) {
    throw new StreamIdError(`Cannot serve stream id: expected m=publish, got m=${mode}`);
  }
  if (mode !== PUBLISH || name === undefined) throw new StreamIdError(EXPECTED);
  return { name, user, key };
}

/** The credentials in a stream id of either form, whatever else stands there. */
export function credentialsOfStreamId(text: string): StreamIdCredentials {
  const { user, key } = readFields(text) ?? {};
  return { user, key };
}

interface Fields extends StreamIdCredentials {
  readonly mode: string;
  readonly name: string | undefined;
}

const PUBLISH = "publish";
/** What the guidelines have for a caller that does not say. */
const DEFAULT_MODE = "request";
const ASKING_MODES = [DEFAULT_MODE, "read", "play", "bidirectional"];

/** What was got is not told: it may hold a key. */
const EXPECTED =
  "Cannot parse stream id: expected NAME, publish:NAME:USER:KEY or #!::r=NAME,m=publish,s=KEY";

const ACCESS_CONTROL = "#!::";

function readFields(given: string): Fields | undefined {
  const text = percentDecoded(given);
  if (text.startsWith(ACCESS_CONTROL)) return readAccessControl(text.slice(ACCESS_CONTROL.length));
  if (text === "" || text.startsWith("#!")) return undefined;
  const [mode = "", name, ...rest] = text.split(":");
  if (name === undefined) return { mode: PUBLISH, name: text, user: undefined, key: undefined };
  if (rest.length > 2) return undefined;
  const [user] = rest.length === 2 ? rest : [];
  return { mode, name, user: user === "" ? undefined : user, key: rest.at(-1) };
}

/** Some callers, as FFmpeg 5, send what stands in their URL as it is; no name or key has a `%`. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

function readAccessControl(list: string): Fields | undefined {
  const fields = new Map<string, string>();
  for (const item of list.split(",")) {
    const equals = item.indexOf("=");
    if (equals < 0) return undefined;
    fields.set(item.slice(0, equals), item.slice(equals + 1));
  }
  return {
    mode: fields.get("m") ?? DEFAULT_MODE,
    name: fields.get("r"),
    user: fields.get("u"),
    key: fields.get("s"),
  };
}
