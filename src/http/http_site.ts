/** What an HTTP server and its connections know of each other. */
import type { StreamSocket } from "../listening/stream_socket.ts";
import type { SystemSockets } from "../listening/system_socket.ts";
import type { Clock } from "../session/clock.ts";
import type { ConnectionCounts } from "./connection_limits.ts";
import type { OutputBuffers } from "./output_buffers.ts";
import type { PreparedAnswers } from "./prepared_answers.ts";
import type { HttpDate } from "./response_head.ts";

/** Whom a request comes from. */
export interface ConnectionInfo {
  /** The connection's other end, which may be a proxy. */
  readonly remoteAddr: Deno.NetAddr;
  /** The address that counts: the other end's, or of what a trusted proxy passes on its client's. */
  readonly client: string;
  /** Whether what is asked for was waited for already, see `SharedContents.coming`. */
  readonly hasWaited?: boolean;
}

/** A connection of Deno's, or one that carries TLS. */
export interface HttpSocket extends StreamSocket {
  readonly remoteAddr: Deno.NetAddr;
  readonly localAddr: Deno.NetAddr;
}

/** Serves one connection, whatever is spoken on it. */
export interface ServedConnection {
  /** Serves requests until the connection ends. Never rejects. */
  run(): Promise<void>;
  /** Ends it, once what is asked for already is answered. */
  end(): void;
  /** Ends it at once. */
  abort(): void;
  /** Ends it where its client has taken too long; to be called now and then. */
  check(): void;
}

/** What URLs of the server begin with. */
export type HttpScheme = "http" | "https";

/** Answers a request. */
export type HttpHandler = (
  request: Request,
  info: ConnectionInfo,
) => Response | Promise<Response>;

/** What the connections of a server have in common. */
export interface HttpSite {
  readonly clock: Clock;
  readonly scheme: HttpScheme;
  readonly handler: HttpHandler;
  /** What `Server` says of answers that no route gave. */
  readonly serverName: string;
  /** The log's, for errors. */
  readonly category: readonly string[];
  readonly date: HttpDate;
  readonly buffers: OutputBuffers;
  readonly counts: ConnectionCounts;
  /** `undefined` where each request is the handler's. */
  readonly prepared: PreparedAnswers | undefined;
  /** By which answers are sent, or bounded on their way, where there is such a thing. */
  readonly sockets: SystemSockets | undefined;
}
