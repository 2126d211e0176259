/**
 * The token that a client shows to an API.
 *
 * @module
 */

/**
 * The token of an `Authorization: Bearer` header (RFC 6750 2.1), whose scheme may be in capitals (RFC
 * 9110 11.1); `undefined` where it is another header.
 */
export function bearerTokenOf(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
}
