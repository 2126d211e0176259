/**
 * The heads of requests as the clients of Icecast send them, which is not always HTTP.
 *
 * @module
 */

/** A request without its body. */
export interface IcecastRequest {
  readonly method: string;
  /** What it asks for, without query; nothing is decoded. */
  readonly path: string;
  /** What stands behind `?`; empty where nothing does. */
  readonly query: string;
  readonly version: typeof VERSIONS[number];
  /** The header fields, by their names in lower case; of several of one name, the last. */
  readonly fields: ReadonlyMap<string, string>;
}

const VERSIONS = ["HTTP/1.0", "HTTP/1.1", "ICE/1.0"] as const;

const MAX_FIELDS_OF_SOURCES = 100;

/**
 * Reads the lines of a head, without the empty one. Clients escape titles badly, so that the target may
 * hold spaces.
 * @returns `undefined` where the first line is none of a request
 */
export function parseIcecastRequest(
  [first = "", ...lines]: readonly string[],
): IcecastRequest | undefined {
  const line = first.trimEnd();
  const method = line.slice(0, Math.max(0, line.indexOf(" ")));
  const versionAt = line.lastIndexOf(" ") + 1;
  const target = line.slice(method.length, versionAt).trim();
  const version = VERSIONS.find((known) => known === line.slice(versionAt));
  if (!/^[A-Z]{1,16}$/.test(method) || target === "" || version === undefined) return undefined;
  const relative = target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = relative.indexOf("?");
  const path = mark < 0 ? relative : relative.slice(0, mark);
  const query = mark < 0 ? "" : relative.slice(mark + 1);
  return { method, path, query, version, fields: parseFields(lines) };
}

/** Header fields by their names in lower case. Lines that are none are left out. */
export function parseFields(lines: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines.slice(0, MAX_FIELDS_OF_SOURCES)) {
    const colon = line.indexOf(":");
    if (colon > 0) {
      fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
  }
  return fields;
}

/** How the body of a source stands on its connection. */
export type BodyForm = "raw" | "chunked" | "none" | { readonly bytes: number };

/**
 * How the body comes. Most sources say nothing of it: then it is raw, and lasts as long as the
 * connection does. The length that some tell by `SOURCE` is none.
 */
export function bodyForm({ method, fields }: Pick<IcecastRequest, "method" | "fields">): BodyForm {
  if (fields.get("transfer-encoding")?.toLowerCase() === "chunked") return "chunked";
  const length = fields.get("content-length") ?? "";
  if (method === "SOURCE" || !/^\d{1,15}$/.test(length)) return "raw";
  return Number(length) === 0 ? "none" : { bytes: Number(length) };
}

/** Whether another request may follow on the connection. */
export function keepsAlive(
  { version, fields }: Pick<IcecastRequest, "version" | "fields">,
): boolean {
  const connection = (fields.get("connection") ?? "").toLowerCase();
  if (connection.includes("close")) return false;
  return version === "HTTP/1.1" || connection.includes("keep-alive");
}
