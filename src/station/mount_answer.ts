/** How receivers are answered that ask for a mount, as Icecast answers them: by HTTP/1.0. */
import { headersOf, streamFor } from "../hls/progressive/stream_routes.ts";
import type { Joined } from "../hls/progressive/stream_copies.ts";
import type { LiveSource } from "../http/live_body.ts";
import type { StreamFacts } from "../session/ingest.ts";
import { cleanText } from "../session/tags.ts";
import { SERVER_NAME } from "../version.ts";
import type { StreamAsked } from "./threads/messages.ts";

/** Where the answer to a receiver ends, no connection goes on. */
export function mountHead(
  status: "200 OK" | "503 Service Unavailable",
  fields: Readonly<Record<string, string>> = {},
): Uint8Array {
  const all = {
    ...{ "Server": SERVER_NAME, "Connection": "close", "Access-Control-Allow-Origin": "*" },
    "Access-Control-Expose-Headers": EXPOSED,
    ...fields,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return new TextEncoder().encode(`HTTP/1.0 ${status}\r\n${lines.join("")}\r\n`);
}

/** What pages of other sites may read of an answer. */
const EXPOSED = "icy-br, icy-description, icy-genre, icy-metaint, icy-name, icy-url";

/** The head of the answer with a stream, as it is where nothing is known of its bitrate. */
export function mountStreamHead(
  file: string,
  { name, station }: Pick<StreamAsked, "name" | "station">,
): Uint8Array {
  return mountHead("200 OK", { ...headersOf(name, file), ...station });
}

/**
 * What receivers are told of a station, as Icecast tells it: what the source says of itself.
 * @param facts by the names of Icecast, from whatever door
 */
export function stationFields(facts: StreamFacts): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [field, fact] of STATION_FIELDS) {
    const told = facts[fact];
    const text = typeof told === "string" ? cleanText(told) : undefined;
    if (text !== undefined) fields[field] = text;
  }
  return fields;
}

const STATION_FIELDS: ReadonlyMap<string, string> = new Map([
  ["icy-name", "ice-name"],
  ["icy-genre", "ice-genre"],
  ["icy-description", "ice-description"],
  ["icy-url", "ice-url"],
  ["icy-pub", "ice-public"],
]);

/** The whole answer: its head, and then the stream. */
export function mountAnswer(
  joined: Joined,
  file: string,
  { name, wantsTitles, station }: StreamAsked,
): LiveSource {
  const { source, fields } = streamFor(joined, wantsTitles);
  const head = mountHead("200 OK", { ...headersOf(name, file), ...station, ...fields });
  return new HeadedSource(head, source);
}

/** A source that begins with a head. */
class HeadedSource implements LiveSource {
  #head: Uint8Array;
  readonly #source: LiveSource;

  constructor(head: Uint8Array, source: LiveSource) {
    this.#head = head;
    this.#source = source;
  }

  next(): Uint8Array | undefined {
    const bytes = this.#source.next();
    return bytes !== undefined && this.#head.length > 0 ? this.#head : bytes;
  }

  sent(bytes: number): void {
    if (this.#head.length === 0) this.#source.sent(bytes);
    else this.#head = this.#head.subarray(bytes);
  }

  onMore(tell: () => void): void {
    this.#source.onMore(tell);
  }

  leave(): void {
    this.#source.leave();
  }
}
