/** The Huffman codebooks of AAC (ISO/IEC 14496-3, 4.A.1), as far as they tell how loud a frame is. */
import { codewordsOf, HuffmanCode } from "./huffman_code.ts";
import { energyOf, tuplesOf } from "./quantised.ts";

/** A codebook of quantised spectral coefficients, by their magnitudes. */
export interface SpectralCodebook {
  readonly code: HuffmanCode<readonly number[]>;
  /** Coefficients that a codeword stands for. */
  readonly dimension: 2 | 4;
  /** By symbol: the sum of {@link energyOf} its coefficients, without those that are escaped. */
  readonly energies: Float64Array;
  /** By symbol: how many of its coefficients are told by an escape sequence that follows. */
  readonly escapes: Uint8Array;
}

/** In codebook 11 it says that an escape sequence tells the magnitude, 4.6.3.3. */
const ESCAPED = 16;

interface CodebookTable {
  readonly dimension: 2 | 4;
  /** Whether the signs of coefficients belong to their codeword, or stand behind it, a bit each. */
  readonly signs: "within" | "behind";
  /**
   * The codewords' lengths, and behind each the magnitudes of the coefficients of all its codewords, a
   * digit in base 36 each, in any order within a codeword.
   */
  readonly rows: string;
}

/** Codebooks 1 to 11, tables 4.A.2 to 4.A.12. */
const TABLES: readonly CodebookTable[] = [
  {
    dimension: 4,
    signs: "within",
    rows: `
     1: 0000
     5: 00010001000100010001000100010001
     7: 0011001100110011001100110011001100110011001100110011001100110011001100110011001100110011
        00110011
     9: 0111011101110111011101110111011101110111011101110111011101110111011101110111011101110111
        01110111
    10: 01110111011101110111011101110111
    11: 1111111111111111111111111111111111111111111111111111111111111111`,
  },
  {
    dimension: 4,
    signs: "within",
    rows: `
     3: 0000
     4: 0001
     5: 0001000100010001000100010001
     6: 0011001100110011001100110011001100110011001100110011001100110011001100110011001100110011
        00110011
     7: 011101110111011101110111011101110111011101110111011101110111
     8: 0111011101110111011101110111011101110111011101110111011101110111011111111111
     9: 11111111111111111111111111111111111111111111111111111111`,
  },
  {
    dimension: 4,
    signs: "behind",
    rows: `
     1: 0000
     4: 0001000100010001
     5: 00110011
     6: 001100110011011100110111
     7: 111101110111
     8: 00020002001200120112
     9: 001201120012011201120002001200120002001200121112011201121112
    10: 011200120112001211121112011201120022012201220122001200120122
    11: 00221122011201121122112200220122
    12: 012201220122022202221222112211221222
    13: 002200220122
    14: 012211220122
    15: 22221222122201220022
    16: 02220222`,
  },
  {
    dimension: 4,
    signs: "behind",
    rows: `
     4: 1111011101110111011100010011000000110011
     5: 001100110001001100010001
     7: 111211121112111201120112011201120112
     8: 011201120112011201120112011200120012001200120012001200120012001200120012001200020002
     9: 00020002112211221122112211221122
    10: 01220122012201220122012201220122012212220122012201221222
    11: 12221222002200220022002200220022222202220222
    12: 02220222`,
  },
  {
    dimension: 2,
    signs: "within",
    rows: `
     1: 00
     4: 01010101
     5: 11111111
     7: 02020202
     8: 121212121212121203030303
     9: 131313131313131322222222
    10: 232323232323232304041404
    11: 140414141414141433333324242424243324
    12: 24243434343434343434
    13: 44444444`,
  },
  {
    dimension: 2,
    signs: "within",
    rows: `
     4: 000101010111111111
     6: 12121212021202121202120222222222
     7: 13131313131313130303030323
     8: 2323232323232333
     9: 3333331414141414141414042424242404242424042404
    10: 3434343434343434
    11: 44444444`,
  },
  {
    dimension: 2,
    signs: "behind",
    rows: `
     1: 00
     3: 0101
     4: 11
     6: 12120202
     7: 1313220303
     8: 23231414151533240404
     9: 2425250516051634353435262617
    10: 360606441745274536273746554637
    11: 0707565647475757
    12: 67666777`,
  },
  {
    dimension: 2,
    signs: "behind",
    rows: `
     3: 11
     4: 1201120122
     5: 00020213132323
     6: 33141424240303343425
     7: 1525153535444504450426261616
     8: 363655054605461727275637175637
     9: 6647064706576767
    10: 57070777`,
  },
  {
    dimension: 2,
    signs: "behind",
    rows: `
     1: 00
     3: 0101
     4: 11
     6: 12120202
     7: 132213
     8: 0303232314142415
     9: 2433040415251634251634
    10: 0526051735181844352617062828362745191927
    11: 064536380729384637081a4629550807372a39481a4756564847391b580958
    12: 3a2a092b49661c49681b594a57572b1c2c3b3a5967784b0a673c0a5a4a682c69794b0b693b5a
    13: 88785c3c5b774c6b6a4c795b0b6c6a0c7a5c7a890c7b89998a7b7c6b8b8b7c6c
    14: 8a9a8c9a9b9cab9caa9b8cabacbc
    15: acbbbccc`,
  },
  {
    dimension: 2,
    signs: "behind",
    rows: `
     4: 111212
     5: 2201011323132333
     6: 0202242414140034340303442525
     7: 1515353545452626360416041636554646
     8: 56273727562837051705181738474728665718384848575858
     9: 676729066839391929066849492a19777859783a594a2a1a3a6969084a072b
    10: 793b6a1a1b7907885a3b5a895b084b2b7a6a7a4b1b2c893c6b5b4c7b5c3c6b098a0a1c094c996c2c8a
    11: 9a1c8b7c7b5c6c9a8b8c0a7c0baa9bab0bbb9bab0c8c
    12: 9cac9cbcbc0caccc`,
  },
  {
    dimension: 2,
    signs: "behind",
    rows: `
     4: 0011
     5: gg0101121222
     6: 13132302230233
     7: 14142424343403031525254415353545
     8: 452626163636164g3g5g3g4g466g0446042g555g7g2g8g27273756566gag37179g7g1g1747bg47cg8g1g669g
        2857agdg38283805egbg5748676705
     9: 48fgcg1818eg58dg39587729682939fg49680649597878193a062a19594a2a693a694a885a793b1a076a793b
        5a1a4b2b2d6a3d2b0g5b5b
    10: 4b897a890g4d073d6b1d4d3c2d5d8a6b8a7a2e4c1b4c1b3c1d2c7b3e5c5d4e4e7b3e5c6d6c088b2c995e6daa
        2f8b9a6e9a5e9b1e2e6c1c8d087d7c7c7d3f1c6e2f5f4f1e9b4f7e8d9d8c5f3fabab8c6f7f8e1f7e09099d9c
        9c8ead9eac6f7f
    11: 9e8fbbbe1facaebdadbdbc8fbecdcd9fae0abc9f0acc0bceafdd0dceafbfbfde0d0bdecfdfcf0eeedf0cef
    12: 0e0cef0f0fff`,
  },
];

/** Differences of scale factors and the lengths of their codewords, table 4.A.1. */
const SCALE_FACTOR_ROWS = `
     1: 0
     3: -1
     4: 1 -2 2
     5: -3 3
     6: -4 4 -5 5
     7: 6 -6 7
     8: -7 8 -8 9 -9
     9: 10 -10 -11 11
    10: 12 -12 13 -13 14 -14
    11: 16 15 17 18 -15 -17
    12: -16 19 -18 -19 20 -20
    13: 21 -21 22 -22 23
    14: -23 -25 25 -27 -24 -26 24 -28
    15: 27 29 -30 -29
    16: 26 -31 -34 -33 -32 -36 28
    17: -35 -38 -37
    18: 30 -39 -41 -57 -59 -58 -60
    19: 38 39 40 41 42 57 37 31 32 33 34 35 36 44 51 52 53 54 55 56 50 45 46 47 48 49 58 -54 -52
        -51 -50 -55 43 60 59 -56 -53 -45 -44 -42 -40 -43 -49 -48 -46 -47`;

/** By the number of the codebook, less 1: from 1 to 11. */
export const SPECTRAL_CODEBOOKS: readonly SpectralCodebook[] = TABLES.map(spectralCodebook);

/** Each symbol is the difference from the scale factor before. */
export const SCALE_FACTOR_CODE = new HuffmanCode(
  codewordsOf(SCALE_FACTOR_ROWS, (text) => text.split(/\s+/).map(Number)),
);

function spectralCodebook({ dimension, signs, rows }: CodebookTable): SpectralCodebook {
  const code = new HuffmanCode(
    codewordsOf(rows, (text) => tuplesOf(text, dimension)),
    (magnitudes) => signs === "within" ? 0 : magnitudes.filter((it) => it > 0).length,
  );
  const sumOf = (magnitudes: readonly number[]) => {
    return magnitudes.reduce((sum, it) => it === ESCAPED ? sum : sum + energyOf(it), 0);
  };
  return {
    ...{ code, dimension },
    energies: Float64Array.from(code.symbols.map(sumOf)),
    escapes: Uint8Array.from(code.symbols.map((it) => it.filter((one) => one === ESCAPED).length)),
  };
}
