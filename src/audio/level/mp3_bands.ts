/** Scalefactor bands of MP3 (ISO/IEC 11172-3, table B.8; 13818-3, table B.2): lines of each. */

/** Lines that the bands of a granule have, the lowest band first. */
export interface Mp3BandWidths {
  /** Of a long block of 576 lines. */
  readonly long: readonly number[];
  /** Of one of three short blocks of 192. */
  readonly short: readonly number[];
}

/** @param sampleRate in hertz, one that MP3 has */
export function mp3BandWidths(sampleRate: number): Mp3BandWidths | undefined {
  return BY_RATE.get(sampleRate);
}

const LOW_LONG = widths("6 6 6 6 6 6 8 10 12 14 16 20 24 28 32 38 46 52 60 68 58 54");
const LOWEST = {
  long: LOW_LONG,
  short: widths("4 4 4 6 8 10 12 14 18 24 30 40 18"),
};

const BY_RATE: ReadonlyMap<number, Mp3BandWidths> = new Map([
  [44100, {
    long: widths("4 4 4 4 4 4 6 6 8 8 10 12 16 20 24 28 34 42 50 54 76 158"),
    short: widths("4 4 4 4 6 8 10 12 14 18 22 30 56"),
  }],
  [48000, {
    long: widths("4 4 4 4 4 4 6 6 6 8 10 12 16 18 22 28 34 40 46 54 54 192"),
    short: widths("4 4 4 4 6 6 10 12 14 16 20 26 66"),
  }],
  [32000, {
    long: widths("4 4 4 4 4 4 6 6 8 10 12 16 20 24 30 38 46 56 68 84 102 26"),
    short: widths("4 4 4 4 6 8 12 16 20 26 34 42 12"),
  }],
  [22050, { long: LOW_LONG, short: widths("4 4 4 6 6 8 10 14 18 26 32 42 18") }],
  [24000, {
    long: widths("6 6 6 6 6 6 8 10 12 14 16 18 22 26 32 38 46 52 64 70 76 36"),
    short: widths("4 4 4 6 8 10 12 14 18 24 32 44 12"),
  }],
  [16000, LOWEST],
  [11025, LOWEST],
  [12000, LOWEST],
  [8000, {
    long: widths("12 12 12 12 12 12 16 20 24 28 32 40 48 56 64 76 90 2 2 2 2 2"),
    short: widths("8 8 8 12 16 20 24 28 36 2 2 2 26"),
  }],
]);

function widths(text: string): number[] {
  return text.split(" ").map(Number);
}
