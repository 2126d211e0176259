/**
 * Hashes of passwords as bcrypt makes them.
 *
 * @module
 */
const BCRYPT_HASH = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** The cost of a bcrypt hash, which is the logarithm of its rounds; NaN where it is no such hash. */
export function bcryptCost(hash: string): number {
  return Number(BCRYPT_HASH.exec(hash)?.[1]);
}

/** The one of `hashes` with which a password takes longest to be checked; `undefined` without any. */
export function costliest(hashes: Iterable<string>): string | undefined {
  return [...hashes].sort((a, b) => bcryptCost(b) - bcryptCost(a))[0];
}

/** The scheme of a hash, which is not secret, in words. */
export function describeHash(hash: string): string {
  const scheme = /^(?:\$[0-9a-z]{1,8}\$|\{[A-Z0-9]{1,8}\})/.exec(hash)?.[0];
  return scheme === undefined ? "a hash of an unknown kind" : `a hash of kind ${scheme}`;
}
