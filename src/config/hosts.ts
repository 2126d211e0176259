/** What an address says of who reaches it. */
import { isIP } from "node:net";

/** Whether this box alone reaches it. */
export function isLoopbackHost(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith("127.");
  return host === "::1" || host === "localhost";
}

/** Whether it stands for all addresses of this box, and so is none that others could be told. */
export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
