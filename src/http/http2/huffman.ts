/** The Huffman code of HPACK (RFC 7541 5.2 and appendix B), as far as a reader needs it. */
import { Http2Error } from "./http2_error.ts";

/**
 * How many bits the code of each symbol has, from 0 to 255 and then the end of the string: runs of
 * `LENGTH` or `LENGTHxCOUNT`. The code is canonical, so the lengths give the codes.
 */
const LENGTHS =
  "13 23 28x7 24 30 28x2 30 28x8 30 28x9 6 10x2 12 13 6 8 11 10x2 8 11 8 6x3 5x3 6x7 " +
  "7 8 15 6 12 10 13 6 7x22 8 7 8 13 19 13 14 6 15 5 6 5 6 5 6x3 5 7x2 6x3 5 6 7 6 5x2 6 7x5 15 " +
  "11 14 13 28 20 22 20x2 22x3 23 22 23x5 24 23 24x2 22 23 24 23x4 21 22 23 22 23x2 24 22 21 20 " +
  "22x2 23x2 21 23 22x2 24 21 22 23x2 21x2 22 21 23 22 23x2 20 22x3 23 22x2 23 26x2 20 19 22 23 " +
  "22 25 26x3 27x2 26 24 25 19 21 26 27x2 26 27 24 21x2 26x2 28 27x3 20 24 20 21 22 21x2 23 22x2 " +
  "25x2 24x2 26 23 26 27 26x2 27x5 28 27x5 26 30";

const END_OF_STRING = 256;
const LONGEST_PADDING = 7;

/**
 * Decodes a string. Its characters stand for a byte each.
 * @throws {Http2Error} where it is none, or longer than `maxLength`
 */
export function decodeHuffman(bytes: Uint8Array, maxLength: number): string {
  let text = "";
  let node = 0;
  /** The bits since the last symbol, and whether all of them were ones. */
  let [bits, areOnes] = [0, true];
  for (const byte of bytes) {
    for (let mask = 0x80; mask > 0; mask >>= 1) {
      const bit = (byte & mask) === 0 ? 0 : 1;
      node = TREE[2 * node + bit] ?? 0;
      bits++;
      areOnes &&= bit === 1;
      if (node >= 0) continue;
      const symbol = -node - 1;
      if (symbol === END_OF_STRING || text.length === maxLength) throw bad();
      text += String.fromCharCode(symbol);
      [node, bits, areOnes] = [0, 0, true];
    }
  }
  if (bits > LONGEST_PADDING || !areOnes) throw bad();
  return text;
}

function bad(): Http2Error {
  return new Http2Error("COMPRESSION_ERROR", "a string is not coded as it has to be");
}

/** Two entries a node, by the next bit: another node, or minus the symbol minus one. */
const TREE = makeTree(
  LENGTHS.split(" ").flatMap((run) => {
    const [length = 0, count = 1] = run.split("x").map(Number);
    return Array.from({ length: count }, () => length);
  }),
);

function makeTree(lengths: readonly number[]): Int16Array {
  const symbols = lengths.map((length, symbol) => ({ length, symbol }))
    .sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  // A tree with so many leaves has one node less.
  const tree = new Int16Array(2 * (lengths.length - 1));
  let [code, codeLength, nodes] = [0, 0, 1];
  for (const { length, symbol } of symbols) {
    code <<= length - codeLength;
    codeLength = length;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const at = 2 * node + ((code >> bit) & 1);
      if (tree[at] === 0) tree[at] = nodes++;
      node = tree[at] ?? 0;
    }
    tree[2 * node + (code & 1)] = -symbol - 1;
    code++;
  }
  return tree;
}
