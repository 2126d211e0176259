/**
 * The fields that both ends of HPACK know from the beginning (RFC 7541 appendix A).
 *
 * @module
 */
import type { Field } from "../request_head.ts";

/** In the order of their numbers, the first of which is 1. */
export const STATIC_TABLE: readonly Field[] = [
  ...[":authority", ":method=GET", ":method=POST", ":path=/", ":path=/index.html"],
  ...[":scheme=http", ":scheme=https", ":status=200", ":status=204", ":status=206", ":status=304"],
  ...[":status=400", ":status=404", ":status=500", "accept-charset"],
  ...["accept-encoding=gzip, deflate", "accept-language", "accept-ranges", "accept"],
  ...["access-control-allow-origin", "age", "allow", "authorization", "cache-control"],
  ...["content-disposition", "content-encoding", "content-language", "content-length"],
  ...["content-location", "content-range", "content-type", "cookie", "date", "etag", "expect"],
  ...["expires", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range"],
  ...["if-unmodified-since", "last-modified", "link", "location", "max-forwards"],
  ...["proxy-authenticate", "proxy-authorization", "range", "referer", "refresh", "retry-after"],
  ...["server", "set-cookie", "strict-transport-security", "transfer-encoding", "user-agent"],
  ...["vary", "via", "www-authenticate"],
].map((entry) => {
  const at = entry.indexOf("=");
  return at === -1 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
});
