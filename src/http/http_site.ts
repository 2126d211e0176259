/** What an HTTP server and its connections know of each other. */
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

/** Answers a request. */
export type HttpHandler = (
  request: Request,
  info: ConnectionInfo,
) => Response | Promise<Response>;

/** What the connections of a server have in common. */
export interface HttpSite {
  readonly clock: Clock;
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
  /** By which prepared answers are sent, where there is such a thing. */
  readonly sockets: SystemSockets | undefined;
}
