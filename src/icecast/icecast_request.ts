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
  /**
   * The header fields, by their names in lower case. Of several of one name the last counts; those that
   * tell where the body ends are joined by commas where they differ (RFC 9110 5.3).
   */
  readonly fields: ReadonlyMap<string, string>;
}

const VERSIONS = ["HTTP/1.0", "HTTP/1.1", "ICE/1.0"] as const;

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
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = FRAMING.has(name) ? fields.get(name) ?? value : value;
    fields.set(name, before === value ? value : `${before}, ${value}`);
  }
  return fields;
}

/** What tells where a body ends. */
const FRAMING: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);

/** How the body of a source stands on its connection. */
export type BodyForm = "raw" | "chunked" | "none" | { readonly bytes: number };

/**
 * How the body comes. Most sources say nothing of it: then it is raw, and lasts as long as the
 * connection does. The length that some tell by `SOURCE` is none.
 * @returns `undefined` where what is said is no clear word of where it ends (RFC 9112 6.3)
 */
export function bodyForm(
  { method, fields }: Pick<IcecastRequest, "method" | "fields">,
): BodyForm | undefined {
  const coding = fields.get("transfer-encoding")?.toLowerCase();
  const length = method === "SOURCE" ? undefined : fields.get("content-length");
  if (coding !== undefined) {
    return coding === "chunked" && length === undefined ? coding : undefined;
  }
  if (length?.includes(",")) return undefined;
  if (length === undefined || !/^\d{1,15}$/.test(length)) return "raw";
  return Number(length) === 0 ? "none" : { bytes: Number(length) };
}

/** Whether a body stands behind the head, which only a source may have. */
export function announcesBody({ fields }: Pick<IcecastRequest, "fields">): boolean {
  return fields.has("transfer-encoding") || !/^0+$/.test(fields.get("content-length") ?? "0");
}

/** Whether the source sends no body before it is told to (RFC 9110 10.1.1). */
export function expectsContinue(request: Pick<IcecastRequest, "fields"> | undefined): boolean {
  return request?.fields.get("expect")?.toLowerCase() === "100-continue";
}

/** Whether the browser of a page asks what that page may send (Fetch 4.8). */
export function isPreflight({ fields }: Pick<IcecastRequest, "fields">): boolean {
  return fields.has("access-control-request-method");
}

/** Whether another request may follow on the connection. */
export function keepsAlive(
  { version, fields }: Pick<IcecastRequest, "version" | "fields">,
): boolean {
  const connection = (fields.get("connection") ?? "").toLowerCase();
  if (connection.includes("close")) return false;
  return version === "HTTP/1.1" || connection.includes("keep-alive");
}
