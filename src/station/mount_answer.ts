/** How receivers are answered that ask for a mount, as Icecast answers them: by HTTP/1.0. */
import { headersOf, streamFor } from "../hls/progressive/stream_routes.ts";
import type { Joined } from "../hls/progressive/stream_copies.ts";
import type { LiveSource } from "../http/live_body.ts";
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
export function mountStreamHead(name: string, file: string): Uint8Array {
  return mountHead("200 OK", headersOf(name, file));
}

/** The whole answer: its head, and then the stream. */
export function mountAnswer(
  joined: Joined,
  file: string,
  { name, wantsTitles }: StreamAsked,
): LiveSource {
  const { source, fields } = streamFor(joined, wantsTitles);
  return new HeadedSource(mountHead("200 OK", { ...headersOf(name, file), ...fields }), source);
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
