/** Decibels of full scale, in which levels are told. */

/** @param power where that of a square wave at full scale is 1 @returns dBFS; -Infinity for none */
export function decibelsOf(power: number): number {
  return 10 * Math.log10(power);
}

/** @param decibels dBFS; -Infinity for none */
export function powerOfDecibels(decibels: number): number {
  return 10 ** (decibels / 10);
}
