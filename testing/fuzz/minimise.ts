/** Makes inputs shorter that show a fault. */

/** Tries at most: each is a run, and a slow one takes its time. */
const MAX_TRIES = 1500;
const MAX_MS = 10_000;

/**
 * The shortest input that could be found for which `stillFails` holds, by leaving out parts: half of
 * it, a quarter of it, and so on.
 */
export async function minimise(
  input: Uint8Array,
  stillFails: (input: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let shortest = input;
  let tries = 0;
  const endsAt = performance.now() + MAX_MS;
  for (let length = Math.ceil(input.length / 2); length > 0; length = Math.floor(length / 2)) {
    for (let at = shortest.length - length; at >= 0; at -= length) {
      if (++tries > MAX_TRIES || performance.now() > endsAt) return shortest;
      const shorter = without(shortest, at, length);
      if (await stillFails(shorter)) shortest = shorter;
    }
  }
  return shortest;
}

function without(bytes: Uint8Array, at: number, length: number): Uint8Array {
  const rest = new Uint8Array(bytes.length - length);
  rest.set(bytes.subarray(0, at));
  rest.set(bytes.subarray(at + length), at);
  return rest;
}
