/**
 * Ports for servers that have to be told one.
 *
 * @module
 */

/** Given to somebody of this process already, who may not listen there yet. */
const GIVEN = new Set<number>();

/** TCP ports of `hostname` that were free a moment ago, all different, and nobody was given before. */
export function freePorts(count: number, hostname: string = "127.0.0.1"): number[] {
  const listeners: Deno.TcpListener[] = [];
  const ports: number[] = [];
  while (ports.length < count) {
    const listener = Deno.listen({ hostname, port: 0 });
    listeners.push(listener);
    const { port } = listener.addr;
    if (!GIVEN.has(port)) ports.push(port);
  }
  for (const listener of listeners) listener.close();
  for (const port of ports) GIVEN.add(port);
  return ports;
}

/** One TCP port of `hostname` that was free a moment ago. */
export function freePort(hostname?: string): number {
  const [port = 0] = freePorts(1, hostname);
  return port;
}
