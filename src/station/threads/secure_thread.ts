/** What a thread has that listens with TLS, too. */
import type { ThreadCounts } from "../../http/connection_limits.ts";
import type { ListenAddress } from "../../http/http_server.ts";
import type { PemPair } from "../../tls/certificate.ts";
import type { CurrentCertificate } from "../../tls/current_certificate.ts";
import type { SecureSettings } from "./messages.ts";

/** Where a thread listens with TLS, too. */
export interface SecureThread {
  readonly addr: ListenAddress;
  readonly certificate: CurrentCertificate;
  readonly counts: ThreadCounts;
}

/** What the thread is told of it. @param taken gives back what it counts with */
export function secureSettings(secure: SecureThread, taken: DisposableStack): SecureSettings {
  const { addr, counts } = secure;
  const lent = taken.adopt(counts.lend(), (lent) => counts.takeBack(lent));
  return { addr, pair: pairOf(secure), counts: lent };
}

/** No more of the certificate than a thread needs. */
export function pairOf({ certificate: { pair: { cert, key } } }: SecureThread): PemPair {
  return { cert, key };
}
