/** How long a request waited before its route was asked. */
import type { Context } from "hono";
import type { ConnectionInfo } from "../http/http_site.ts";

/** Milliseconds. */
export function waitedMs(c: Context): number {
  const info = c.env as Partial<ConnectionInfo> | undefined;
  return info?.waitedMs ?? 0;
}
