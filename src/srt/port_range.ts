/**
 * Finds a free port among those that there are for sessions.
 *
 * @module
 */
/** Ports from `min` to `max`, both included. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

/** Ports that may turn out to be taken by others before the search is given up. */
const MAX_TAKEN = 200;

/**
 * Goes through the ports of `range` from a random one on.
 * @param listen what it makes of a port is returned; `undefined` to go on with another
 * @returns `undefined` where there is no port left to try, or too many are taken
 */
export function findPort<T>(
  { min, max }: PortRange,
  isOurs: (port: number) => boolean,
  listen: (port: number) => T | undefined,
): T | undefined {
  const count = max - min + 1;
  const start = Math.floor(Math.random() * count);
  for (let i = 0, taken = 0; i < count && taken < MAX_TAKEN; i++) {
    const port = min + (start + i) % count;
    if (isOurs(port)) continue;
    const listener = listen(port);
    if (listener !== undefined) return listener;
    taken++;
  }
  return undefined;
}
