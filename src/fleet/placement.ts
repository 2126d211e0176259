/** Which box takes a broadcast that has none yet, or that has to leave its own. */
import type { BoxLoad, KnownBox } from "./registry.ts";

/**
 * The better of two boxes at random, of those that are open. Of two chosen so the better one is good
 * enough, and boxes that know the same do not all send to the same one.
 * @param but the id of a box that does not count
 * @param random from 0 up to 1, as `Math.random`
 * @returns `undefined` where no box is open
 */
export function betterOfTwo(
  boxes: readonly KnownBox[],
  but: string,
  random: () => number = Math.random,
): KnownBox | undefined {
  const open = openBoxes(boxes, but);
  const [one] = open.splice(Math.floor(random() * open.length), 1);
  const [other = one] = open.splice(Math.floor(random() * open.length), 1);
  return one === undefined || other === undefined || hasLess(one.load, other.load) ? one : other;
}

/** The boxes that take broadcasts, besides `but`. */
export function openBoxes(boxes: readonly KnownBox[], but: string): KnownBox[] {
  return boxes.filter(({ id, state }) => id !== but && state === "open");
}

/** By what its processor has to do; where that is about the same, by its broadcasts. */
function hasLess(one: BoxLoad, other: BoxLoad): boolean {
  const difference = one.cpu - other.cpu;
  return Math.abs(difference) > SAME_CPU ? difference < 0 : one.sessions <= other.sessions;
}

/** Parts of a core that one measurement may differ from the next. */
const SAME_CPU = 0.1;
