/**
 * A peer did what RTMP does not allow, or what Echo does not take. Its connection is over, and
 * nobody else's. `message` is fit for a log line: it holds no key and no unbounded text of the peer.
 */
export class RtmpError extends Error {
  override readonly name = "RtmpError";
}
