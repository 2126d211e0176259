/** Scale factor bands of AAC, ISO/IEC 14496-3 4.5.4: how many coefficients each of them has. */

/** Widths of the bands of one window, in coefficients; the lowest band first. */
export interface BandWidths {
  /** Of a window of 1024 coefficients. */
  readonly long: readonly number[];
  /** Of one of eight windows of 128. */
  readonly short: readonly number[];
}

/** @param sampleRate of the core, in hertz; one of {@link SAMPLE_RATES} */
export function bandWidths(sampleRate: number): BandWidths | undefined {
  return BY_RATE.get(sampleRate);
}

const SHORT_96 = widths("6*4 3*8 16 28 36");
const SHORT_48 = widths("5*4 3*8 3*12 3*16");

/** Tables 4.129 to 4.147. */
const TABLES: readonly (BandWidths & { readonly rates: readonly number[] })[] = [
  {
    rates: [96000, 88200],
    long: widths("14*4 5*8 5*12 2*16 24 28 36 44 11*64"),
    short: SHORT_96,
  },
  {
    rates: [64000],
    long: widths("14*4 4*8 3*12 3*16 20 2*24 28 36 18*40"),
    short: SHORT_96,
  },
  {
    rates: [48000, 44100],
    long: widths("10*4 7*8 4*12 2*16 2*20 2*24 2*28 19*32 96"),
    short: SHORT_48,
  },
  {
    rates: [32000],
    long: widths("10*4 7*8 4*12 2*16 2*20 2*24 2*28 22*32"),
    short: SHORT_48,
  },
  {
    rates: [24000, 22050],
    long: widths("11*4 10*8 4*12 3*16 2*20 2*24 2*28 32 2*36 40 44 48 2*52 5*64"),
    short: widths("7*4 3*8 2*12 2*16 20"),
  },
  {
    rates: [16000, 12000, 11025],
    long: widths("11*8 9*12 4*16 3*20 2*24 2*28 32 36 2*40 44 48 52 56 60 3*64"),
    short: widths("8*4 2*8 2*12 16 2*20"),
  },
  {
    rates: [8000, 7350],
    long: widths("13*12 7*16 4*20 3*24 2*28 32 2*36 40 44 48 52 56 60 64 80"),
    short: widths("7*4 4*8 12 16 2*20"),
  },
];

const BY_RATE = new Map(TABLES.flatMap(({ rates, ...widths }) => {
  return rates.map((rate) => [rate, widths] as const);
}));

/** @param text widths, each with how many bands have it where it is more than one */
function widths(text: string): number[] {
  return text.split(" ").flatMap((part) => {
    const [width = 0, count = 1] = part.split("*").map(Number).reverse();
    return new Array<number>(count).fill(width);
  });
}
