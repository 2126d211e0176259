/** What a server on this machine has not read of a connection. */

/**
 * How many bytes have come that nobody has read (`/proc/net/tcp`, proc(5)); 0 also where the system does
 * not tell.
 * @param conn the client's end of a connection by IPv4
 */
export function unreadBytes(
  { localAddr, remoteAddr }: Pick<Deno.TcpConn | Deno.TlsConn, "localAddr" | "remoteAddr">,
): number {
  if (Deno.build.os !== "linux") return 0;
  const ends = [remoteAddr, localAddr].map(({ port }) => {
    return `:${port.toString(16).padStart(4, "0").toUpperCase()}`;
  });
  const connections = Deno.readTextFileSync("/proc/net/tcp").split("\n").map((line) => {
    const [, local = "", remote = "", , queues = ""] = line.trim().split(/\s+/);
    return { local, remote, unread: parseInt(queues.split(":")[1] ?? "", 16) };
  });
  const found = connections.find(({ local, remote }) => {
    return local.endsWith(ends[0] ?? "") && remote.endsWith(ends[1] ?? "");
  });
  return found?.unread ?? 0;
}
