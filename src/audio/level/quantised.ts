/** Quantised lines of a spectrum, which AAC and MP3 scale up in the same way. */

/** The square of a line of that magnitude once it is scaled up (ISO/IEC 14496-3 4.6.1.3). */
export function energyOf(magnitude: number): number {
  return magnitude ** (8 / 3);
}

/** Magnitudes that are told together, out of a digit in base 36 for each; spaces do not count. */
export function tuplesOf(text: string, dimension: number): number[][] {
  const digits = text.replaceAll(/\s/g, "");
  return Array.from({ length: digits.length / dimension }, (_, i) => {
    const tuple = digits.slice(i * dimension, (i + 1) * dimension);
    return [...tuple].map((digit) => parseInt(digit, 36));
  });
}
