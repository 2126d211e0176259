/**
 * Ends a listening socket of this process as the system may do, by shutdown(2).
 *
 * @module
 */

// shutdown(2) on Linux.
const SHUT_RDWR = 2;
/** Of a socket that listens, in /proc/net/tcp. */
const TCP_LISTEN = "0A";

/**
 * Ends what listens on `port` of 127.0.0.1 in this process as the system may, without a word to
 * whoever opened it. Linux alone.
 */
export function endListening(port: number): void {
  const libc = Deno.dlopen("libc.so.6", {
    shutdown: { parameters: ["i32", "i32"], result: "i32" },
  });
  const result = libc.symbols.shutdown(descriptorOf(port), SHUT_RDWR);
  libc.close();
  if (result !== 0) throw new Error(`Cannot end what listens on ${port}`);
}

function descriptorOf(port: number): number {
  const address = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const sockets = Deno.readTextFileSync("/proc/self/net/tcp").split("\n").map((line) => {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    return { listens: local.endsWith(address) && state === TCP_LISTEN, inode };
  });
  const inode = sockets.find(({ listens }) => listens)?.inode;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    if (linkOf(`/proc/self/fd/${name}`) === `socket:[${inode}]`) return Number(name);
  }
  throw new Error(`Cannot find what listens on ${port}`);
}

/** The folder itself was open while it was read, and is not any more. */
function linkOf(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
