/**
 * Hands TCP connections of Deno to `node:net`, whose sockets can be given TLS by the server.
 *
 * Deno itself accepts them: the listeners of `node:net` accept nothing any more, and tell nobody,
 * once file descriptors were short. What it accepts with a certificate (`Deno.listenTls`) has that
 * certificate for good.
 *
 * @module
 */
import { Socket } from "node:net";
import process from "node:process";
import { getLogger } from "@logtape/logtape";

const logger = getLogger(["echo", "tls"]);

/** A socket of Node that can be given TLS. */
export interface HandedOver {
  readonly socket: Socket;
  /**
   * Whether what comes is read. What carries TLS reads on where it is paused, however much that is:
   * this leaves it with the system.
   */
  setReading(on: boolean): void;
}

/**
 * The same connection as a socket of Node. Both have a descriptor of it: `conn` is to be closed with
 * the socket and not before, as Deno would say goodbye to the client.
 * @throws {Error} where this Deno cannot do so, or no descriptor is left: that is logged, and `conn`
 *   is closed
 */
export function nodeSocket(conn: Deno.TcpConn): HandedOver {
  try {
    const handle = new (handleClass())(SOCKET);
    const status = handle.openFromRid(resourceIdOf(conn));
    if (status !== 0) throw new Error(`Node does not take it (status ${status})`);
    // Its types leave out that a socket can be made of a handle.
    const options: object = { handle, readable: true, writable: true };
    const socket = new Socket(options);
    return {
      socket,
      setReading: (on) => on ? handle.readStart() : handle.readStop(),
    };
  } catch (error) {
    conn.close();
    const why = error instanceof Error ? error.message : String(error);
    logger.error("Cannot begin TLS on a connection: {why}", { why });
    throw error;
  }
}

/**
 * Hands a connection of this process with itself over, so that a Deno that cannot do so is found out
 * before clients come.
 * @throws {Error} where it cannot
 */
export async function tryHandOver(): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  const [accepted, client] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname, port }),
  ]);
  try {
    const { socket } = nodeSocket(accepted);
    await new Promise<void>((resolve) => socket.once("close", () => resolve()).destroy());
    accepted.close();
  } finally {
    client.close();
  }
}

/** What a socket of Node is beneath its surface: `TCPWrap`. */
interface TcpHandle {
  /** Takes the connection that Deno has under that number too. @returns 0 where it could */
  openFromRid(rid: number): number;
  readStart(): void;
  readStop(): void;
}

type TcpHandleClass = new (type: number) => TcpHandle;

/** The type of a `TCPWrap` that is a connection. */
const SOCKET = 0;

let known: TcpHandleClass | undefined;

function handleClass(): TcpHandleClass {
  return known ??= findHandleClass();
}

function findHandleClass(): TcpHandleClass {
  // Its types leave this out: it is for what is made of sockets, as this is.
  const binding: unknown = Reflect.get(process, "binding");
  const found: unknown = typeof binding === "function" ? binding("tcp_wrap").TCP : undefined;
  if (isHandleClass(found)) return found;
  throw new Error(`Deno ${Deno.version.deno} cannot hand TCP connections to Node's TLS`);
}

function isHandleClass(value: unknown): value is TcpHandleClass {
  return typeof value === "function" &&
    NEEDED.every((name) => typeof value.prototype[name] === "function");
}

const NEEDED: readonly (keyof TcpHandle)[] = ["openFromRid", "readStart", "readStop"];

/** Deno keeps the number of a connection's resource under a symbol. */
function resourceIdOf(conn: Deno.TcpConn): number {
  const symbol = Object.getOwnPropertySymbols(conn)
    .find(({ description }) => description === "Deno.internal.rid");
  const value: unknown = symbol && Reflect.get(conn, symbol);
  if (typeof value === "number") return value;
  throw new Error(`Deno ${Deno.version.deno} does not tell the number of a TCP connection`);
}
