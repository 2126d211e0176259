/** TLS at the doors: the certificate that all of them have, and where they listen with it. */
import type { Config } from "../config.ts";
import type { Address } from "../config/kinds.ts";
import type { Clock } from "../session/clock.ts";
import { CertificateFiles } from "../tls/certificate_files.ts";
import type { CurrentCertificate } from "../tls/current_certificate.ts";
import { tryHandOver } from "../tls/node_socket.ts";

/** Where a door listens with TLS. */
export interface SecurePlace {
  readonly addr: Address;
  readonly certificate: CurrentCertificate;
}

/**
 * Opens the files of the certificate.
 * @returns `undefined` where there is no TLS
 * @throws {CertificateError}
 * @throws {Error} where connections cannot be given TLS
 */
export async function openCertificate(
  { tls: { certFile, keyFile } }: Config,
  clock: Clock,
): Promise<CertificateFiles | undefined> {
  if (certFile === undefined || keyFile === undefined) return undefined;
  await tryHandOver();
  return await CertificateFiles.open({ certFile, keyFile }, clock);
}

/** @returns where TLS is spoken as well; `undefined` where it is not */
export function securePlace(
  { certificate }: { readonly certificate: CertificateFiles | undefined },
  addr: Address | "off",
): SecurePlace | undefined {
  if (certificate === undefined || addr === "off") return undefined;
  return { addr, certificate: certificate.current };
}
