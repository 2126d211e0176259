/** The Huffman tables of MP3 (ISO/IEC 11172-3, annex B, table B.7). */
import { codewordsOf, HuffmanCode } from "./huffman_code.ts";
import { energyOf, tuplesOf } from "./quantised.ts";

/** A table of codewords for some quantised lines, by their magnitudes. */
export interface Mp3Codebook {
  readonly code: HuffmanCode<readonly number[]>;
  /** By symbol: the sum of {@link energyOf} its lines; `NaN` where linbits tell one of them. */
  readonly energies: Float64Array;
  /** Bits that are added to a line of {@link LINBITS_ESCAPE}. */
  readonly linbits: number;
}

/** Where a table has linbits, these stand behind a line of this magnitude. */
export const LINBITS_ESCAPE = 15;

/**
 * Tables of pairs. The codewords' lengths stand in ascending order of codewords, and behind each the
 * magnitudes of both lines of its codewords, a digit in base 36 each.
 */
const PAIRS: readonly (readonly [table: number, rows: string])[] = [
  [
    1,
    `
    3:1101 2:10 1:00`,
  ],
  [
    2,
    `
    6:2202 5:122120 3:110110 1:00`,
  ],
  [
    3,
    `
    6:2202 5:122120 3:10 2:110100`,
  ],
  [
    5,
    `
    8:3323 7:32 6:31 7:13033022 6:12210220 3:110110 1:00`,
  ],
  [
    6,
    `
    7:3303 6:233230 5:13312202 4:122120 3:01 2:11 3:1000`,
  ],
  [
    7,
    `
    10:55455453 9:35442552 8:1551 9:0534 8:50 9:4333 8:2442 7:144140 8:04233203 7:13313022 6:12
    5:21 6:0220 4:11 3:0110 1:00`,
  ],
  [
    8,
    `
    11:5554 10:45 9:53 10:3544 9:255205 8:1551 9:34435033 8:244214 7:41 8:0440233213310330
    6:220220 4:1221 2:11 3:0110 2:00`,
  ],
  [
    9,
    `
    9:5545 8:3553 9:5405 8:44255215 7:513443 8:5004 7:24423340 6:14412332 5:1331 6:0330 5:2202
    4:122120 3:11011000`,
  ],
  [
    10,
    `
    11:776776577566 10:47745665377346 11:5554 10:63 9:2772 10:6407 9:7062 10:4535 9:06 10:5344
    8:1771 9:3626 10:2552 9:1551 10:3443 8:166160 9:055024423304 8:144140233203 7:13313022
    6:12210220 4:11 3:0110 1:00`,
  ],
  [
    11,
    `
    10:77677675664774 11:5755 10:5665 9:377346 10:45543553 8:2772 9:6407 7:71 8:1770366360
    9:44255205 8:15 7:62 8:2606 7:1661 8:513450 9:4333 8:244214410440 7:2332 6:1331 7:0330 6:22
    5:21 4:12 5:0220 3:110110 2:00`,
  ],
  [
    12,
    `
    10:7767 9:76577566477465 8:5637 9:7355 8:277246641771 9:0770 8:3663455444 9:0605 7:266261
    8:166035532552 7:15513443 8:5004 7:244214 6:33412332 7:4003 6:30 5:133122 4:1221 5:0220 4:00
    3:110110`,
  ],
  [
    13,
    `
    19:fefc 18:fd 17:ed 16:ffefdfeecfdebffbcedc 17:afe9 15:ecdd 16:facd 15:beeb9ff9eabddb8ff8cc
    16:ae9e 15:8e 16:7f7e 14:f7da 15:adbccbf6 14:6fe85f9dd9f5e7acbb4ff4 15:cae6 14:f3 13:3f
    14:8dd8 13:2ff2 14:6e9c 13:0f 14:c95e 13:ab 14:7dd7 13:4e 14:c8d6 13:3eb9 14:9baa 12:1ff1f0
    13:bae5e48c6de3 12:e2 13:2e0e 12:1ee1 13:e05dd57cc74d8bb8d49aa96c 12:c63d 13:d37b
    12:2dd21db7 13:5cc5997a 12:c3 13:a797 12:4b 11:d1 12:0dd08aa84cc46bb6 11:3c2cc25b 12:b589
    11:1cc1 12:980c 11:c0 12:b46aa679 11:3bb3 12:885a 11:2b 12:a569 11:a4 12:7887 11:94 12:7776
    10:b21bb1 11:0bb0964a3aa35995 10:2aa21aa1 11:0a68 10:a0 11:8649 10:93 11:39588567 10:2992
    11:5775 10:3883 11:664774566573 9:1991 10:0990488472 11:4664 9:288218 10:3727 9:1771
    10:55077036634554266235 8:81 9:088016610660 10:5344 9:255205 8:1551 9:344350244233 8:14 7:41
    8:04402332 7:1331033022 6:12210220 4:1101 3:10 1:00`,
  ],
  [
    15,
    `
    13:ffeffedf 12:ee 13:fdcffcdeedbf 12:fb 13:ceec
    12:ddaffabeebcddc9ff9eabddb8ff8cc9ee97ff7addabc6f 13:ae0f 11:cbf6 12:8ee85f9d
    11:f57ee7accabb 12:d98d 11:4ff43ff3d8e62ff2 12:6ef0
    11:1ff19cc95eabbae57dd74ee48cc83e6dd6e39bb92eaae21ee1 12:0ee0 11:5dd57cc74d8b 10:d4
    11:b89aa96cc63d 10:d3d2 11:2d0d 10:1d7bb7d1 11:5cd0 10:c58aa84cc46bb6 11:990c 10:3cc37aa7a6
    11:c00b 9:c2 10:2c5bb51c8998c14bb46a3b79 9:b3 10:97882b5a 9:b2 10:a51b 9:b1
    10:b069964aa478873a 9:a359952aa21aa1 10:0aa0 9:688649943993 10:7709 9:588529677692 8:91
    9:19904884577538836647 8:28821881 9:7408805665377346 8:277264175571 9:0770 8:36634554266216
    9:0660 8:35 7:61 8:5344 7:25521551 8:0550 7:3443244233 6:41 7:1404 6:2332 7:4003 6:133130
    5:2212210220 3:11 4:0110 3:00`,
  ],
  [
    16,
    `
    11:effedffdcffcbffb 10:af 11:fa9ff9f8 10:8f7ff76ff6 8:ff 10:5ff5 9:4ff4f3f0 10:3f 16:ce
    17:ecdd 15:dee9 16:ead9 14:ee 15:edeb 14:becd 15:dcdb 14:aecc 15:adda7eac 14:ca 15:c97d
    14:5e 13:bd 8:f2 9:2f0f 8:1ff1 13:9e 14:bccb8ee89de7bb8dd86e 13:e69c 14:abbae5d7 13:4e
    14:e48c 13:c83e6d 14:d69bb9aa 13:e1d4 14:b8a9 13:7b 14:b7d0 12:e3
    13:0ee05dd57cc74d8b9a6cc63d5cc5 12:0d 13:8aa8994cb67a 12:3c 13:5b89 12:1cc0 13:9879 11:e2
    12:2e1ed32dd2d13b 13:9788 11:1d 12:c46bc3a7 11:2c 12:c2b5c10c4bb46aa6 11:b3 12:5aa5
    11:2bb21bb1 12:0bb069964aa47887 11:a3 12:3a59 11:2a 12:9568 11:a1 12:8677 11:94 12:4957
    11:67 10:a21a 11:0aa039935885 10:2992 11:7609 10:1991 11:9048847538836628 10:82 11:4774
    10:188180 11:0856 10:3773 11:6546 10:2772 11:6455 10:07 9:1771 10:703663455426 9:621661
    10:0660 9:53 10:3544 9:2552 8:51 9:1505344350244233 8:1441 9:0440 8:2332 7:1331 8:0330 7:22
    6:12210220 4:1101 3:10 1:00`,
  ],
  [
    24,
    `
    8:effedffdcffcbffb 7:fa 8:af9f 7:f9f8 8:8f7f 7:f76ff65ff54ff43ff32ff2f1 8:1ff0 9:0f
    11:eedeedceecddbeebcddcaeeabddbcc9ee9addabccb8ee89dd97ee7ac 4:ff 11:cabb8dd8 12:0ee0 11:0d
    10:e6 11:6e9c 10:c95ebae5 11:ab7d 10:d7e48cc8 11:4e2e
    10:3e6dd6e39bb9aae21ee15dd57cc74d8bb8d49aa96cc63dd32dd21d7bb7d15cc58aa8994cc46bb6 11:d00c
    10:3cc37aa72cc25bb51c8998c14b 11:c00b 10:3b 11:b00a 10:1a 9:b4 10:6aa67997 11:a009 10:90
    9:b388 10:2b5a 9:b2 10:a51bb169 9:96a4 10:4a78
    9:873aa359952aa2a168867749943993588529677692199148845775388366288218477481 10:0880 9:566517
    10:0770 8:73 9:3727 8:72466455713663455426621661 9:0660 8:355344255215 9:0550 7:51 8:3443
    7:2442331441 8:0440 7:2332 6:1331 7:0330 6:22 5:1221 6:0220 4:11011000`,
  ],
];

/** Tables A and B of four lines of 0 or 1, in the same way. */
const QUADRUPLES: readonly string[] = [
  `
    6:101111111101111001110101 5:10010110001110101100 4:0010000101001000 1:0000`,
  `
    4:1111111011011100101110101001100001110110010101000011001000010000`,
];

/** Linbits by table, of which 16 to 23 have the codewords of 16, and the others those of 24. */
const LINBITS: readonly number[] = [1, 2, 3, 4, 6, 8, 10, 13, 4, 5, 6, 7, 8, 9, 11, 13];
const FIRST_WITH_LINBITS = 16;

/** By table_select; `undefined` where all lines are zero, and where there is no such table. */
export const PAIR_CODEBOOKS: readonly (Mp3Codebook | undefined)[] = pairCodebooks();

/** By count1table_select. */
export const QUADRUPLE_CODEBOOKS: readonly Mp3Codebook[] = QUADRUPLES.map((rows) => {
  return codebook(rows, 4, 0);
});

function pairCodebooks(): (Mp3Codebook | undefined)[] {
  const rows = new Map(PAIRS);
  const books = Array.from({ length: FIRST_WITH_LINBITS }, (_, table) => {
    const text = rows.get(table);
    return text === undefined ? undefined : codebook(text, 2, 0);
  });
  const long = [16, 24].map((table) => codebook(rows.get(table) ?? "", 2, 1));
  LINBITS.forEach((linbits, i) => {
    const book = long[i >> 3];
    books[FIRST_WITH_LINBITS + i] = book && { ...book, linbits };
  });
  return books;
}

function codebook(rows: string, dimension: number, linbits: number): Mp3Codebook {
  const isEscaped = (magnitudes: readonly number[]) => {
    return linbits > 0 && magnitudes.includes(LINBITS_ESCAPE);
  };
  const code = new HuffmanCode(
    codewordsOf(rows, (text) => tuplesOf(text, dimension)),
    (magnitudes) => {
      // Signs stand behind linbits.
      return isEscaped(magnitudes) ? 0 : magnitudes.filter((it) => it > 0).length;
    },
  );
  const sums = code.symbols.map((magnitudes) => {
    return isEscaped(magnitudes) ? NaN : magnitudes.reduce((sum, it) => sum + energyOf(it), 0);
  });
  return { code, energies: Float64Array.from(sums), linbits };
}
