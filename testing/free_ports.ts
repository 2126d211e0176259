/**
 * Ports for servers that have to be told one.
 *
 * @module
 */

/** TCP ports of `hostname` that were free a moment ago, all different. */
export function freePorts(count: number, hostname: string = "127.0.0.1"): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname, port: 0 }));
  for (const listener of listeners) listener.close();
  return listeners.map(({ addr }) => addr.port);
}

/** One TCP port of `hostname` that was free a moment ago. */
export function freePort(hostname?: string): number {
  const [port = 0] = freePorts(1, hostname);
  return port;
}
