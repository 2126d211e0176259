/** A certificate with its chain and its private key: reads them, and says what is wrong with them. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { checkServerIdentity, createSecureContext } from "node:tls";

/** The pair cannot be used. The message is one line that says why. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** Certificate and private key as text (RFC 7468). */
export interface PemPair {
  /** The server's own certificate first, then those that lead to a root, each issued by the next. */
  readonly cert: string;
  readonly key: string;
}

/** A pair that fits and can be used. */
export interface Certificate extends PemPair {
  /** When the first of its certificates expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** As people tell certificates apart: whom it is for, the kind of its key and until when. */
  readonly description: string;
}

/** A file may have so many certificates: chains have two to four. */
const MAX_CHAIN = 10;
const MIN_RSA_BITS = 2048;

/**
 * Checks a pair: that both can be read, the key fits the certificate, each certificate is issued by
 * the one behind it, and all of them are valid now.
 * @param now in milliseconds since the epoch
 * @throws {CertificateError}
 */
export function checkPair({ cert, key }: PemPair, now: number): Certificate {
  const chain = parseChain(cert);
  const [leaf] = chain;
  const privateKey = parseKey(key);
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new CertificateError("the private key does not belong to the certificate");
  }
  checkStrength(privateKey);
  checkOrder(chain);
  for (const one of chain) checkTime(one, now);
  const pair = { cert, key };
  checkUse(pair);
  const expiresAt = Math.min(...chain.map(({ validTo }) => Date.parse(validTo)));
  return {
    ...pair,
    expiresAt,
    description: `${nameOf(leaf)}, ${kindOf(privateKey)}, until ${dayOf(expiresAt)}`,
  };
}

/** Whether clients that reach the server by `host`, a name or an address, take the certificate. */
export function isForHost({ cert }: PemPair, host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  return checkServerIdentity(address, new X509Certificate(cert).toLegacyObject()) === undefined;
}

/** The day of a time, as logs and errors have it. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, "2026-01-01".length);
}

function parseChain(text: string): readonly [X509Certificate, ...X509Certificate[]] {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) && !CERTIFICATE.test(text)) {
    throw new CertificateError("the certificate file holds a private key and no certificate");
  }
  const blocks = text.match(new RegExp(CERTIFICATE, "g")) ?? [];
  if (blocks.length > MAX_CHAIN) {
    throw new CertificateError(`the certificate file holds more than ${MAX_CHAIN} certificates`);
  }
  const [first, ...others] = blocks.map((block, i) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new CertificateError(`certificate ${i + 1} of the file cannot be read: ${why(error)}`);
    }
  });
  if (first === undefined) {
    throw new CertificateError("the certificate file holds no certificate in PEM (RFC 7468)");
  }
  return [first, ...others];
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;

function parseKey(text: string): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text)) {
    throw new CertificateError("the private key is encrypted: it has to be without a passphrase");
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new CertificateError("the key file holds no private key in PEM (RFC 7468)");
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new CertificateError(`the private key cannot be read: ${why(error)}`);
  }
}

function checkStrength({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): void {
  const { modulusLength = MIN_RSA_BITS } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType !== "rsa" || modulusLength >= MIN_RSA_BITS) return;
  throw new CertificateError(
    `the RSA key has ${modulusLength} bits: clients expect ${MIN_RSA_BITS} or more`,
  );
}

/** RFC 8446 4.4.2: each certificate is issued by the next; some clients take no other order. */
function checkOrder(chain: readonly X509Certificate[]): void {
  for (const [i, one] of chain.entries()) {
    const issuer = chain[i + 1];
    if (issuer === undefined || isIssuedBy(one, issuer)) continue;
    throw new CertificateError(
      `the chain is not in order: certificate ${i + 1} (${nameOf(one)}) is not issued by ` +
        `certificate ${i + 2} (${nameOf(issuer)})`,
    );
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function checkTime(certificate: X509Certificate, now: number): void {
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  const name = nameOf(certificate);
  if (now >= to) throw new CertificateError(`the certificate (${name}) expired on ${dayOf(to)}`);
  if (now >= from) return;
  throw new CertificateError(`the certificate (${name}) is not valid before ${dayOf(from)}`);
}

/** What is well-formed may still be of a kind that the TLS library does not know. */
function checkUse(pair: PemPair): void {
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new CertificateError(`TLS cannot use them: ${why(error)}`);
  }
}

/** Whom a certificate is for, without anything that would break a line of the log. */
function nameOf({ subject = "", subjectAltName = "" }: X509Certificate): string {
  const [, commonName] = /^CN=(.+)$/m.exec(subject) ?? [];
  const [, alternative] = /^(?:DNS|IP Address):([^,]+)/.exec(subjectAltName) ?? [];
  return (commonName ?? alternative ?? subject).replace(/[^\x20-\x7e]/g, "?");
}

function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
  const detail = modulusLength ?? namedCurve;
  const kind = (asymmetricKeyType ?? "unknown").toUpperCase();
  return detail === undefined ? kind : `${kind} ${detail}`;
}

function why(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, " ");
}
