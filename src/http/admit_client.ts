/** Counts requests that came by a proxy as those of its clients. */
import type { Release } from "./connection_limits.ts";
import { HttpError } from "./http_error.ts";
import type { ConnectionInfo, HttpSite } from "./http_site.ts";
import { fieldText, type RequestHead } from "./request_head.ts";

/** Whom a request comes from, and what gives back its part of that one's share. */
export interface AdmittedClient {
  readonly info: ConnectionInfo;
  readonly release: Release;
}

/**
 * Counts a request that came by a trusted proxy as one of its client's.
 * @throws {HttpError} where that one has too many
 */
export function admitClient(
  { counts }: HttpSite,
  remoteAddr: Deno.NetAddr,
  head: Pick<RequestHead, "fields">,
): AdmittedClient {
  const hops = fieldText(head, "x-forwarded-for");
  const client = counts.proxies.clientOf(remoteAddr.hostname, hops);
  const release = counts.share(client);
  if (release === undefined) throw new HttpError(503, "too many requests from that address");
  return { info: { remoteAddr, client }, release };
}
