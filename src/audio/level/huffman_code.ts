/**
 * Huffman codes as tables that are looked up.
 *
 * @module
 */

/** What some codewords of one length stand for, in ascending order of these. */
export interface CodewordsOfLength<Symbol> {
  /** In bits, at most 19. */
  readonly length: number;
  readonly symbols: readonly Symbol[];
}

/**
 * Reads a table of codewords: their length, a colon, and what they stand for, again and again.
 * @param symbolsOf reads what stands behind a colon
 */
export function codewordsOf<Symbol>(
  text: string,
  symbolsOf: (text: string) => readonly Symbol[],
): CodewordsOfLength<Symbol>[] {
  return text.trim().split(/\s+(?=\d+:)/).map((row) => {
    const [length = "", symbols = ""] = row.split(":");
    return { length: Number(length), symbols: symbolsOf(symbols.trim()) };
  });
}

/** So many bits are looked up first; the rest of longer codewords after that. */
const FIRST_BITS = 8;

/** A complete prefix code. */
export class HuffmanCode<Symbol> {
  /** What codewords stand for, in their order. */
  readonly symbols: readonly Symbol[];
  /**
   * By the next 8 bits: `index << 5 | bits`, where `index` is that of the symbol; or less than zero for
   * longer codewords: the entry then stands {@link moreBits} further, in the table that begins there.
   */
  readonly table: Int32Array;
  /** How many bits longer codewords are looked up by, after the first 8. */
  readonly moreBits: number;

  /**
   * @param rows in ascending order of codewords, read as fractions
   * @param bitsBehind how many bits that belong to a symbol stand behind its codeword
   */
  constructor(
    rows: readonly CodewordsOfLength<Symbol>[],
    bitsBehind: (symbol: Symbol) => number = () => 0,
  ) {
    this.symbols = rows.flatMap(({ symbols }) => symbols);
    const longest = Math.max(...rows.map(({ length }) => length));
    this.moreBits = Math.max(0, longest - FIRST_BITS);
    const table: number[] = new Array(1 << FIRST_BITS).fill(0);
    // A codeword as the first of all bits that may follow, as many as the longest one has.
    let codeword = 0;
    let index = 0;
    for (const { length, symbols } of rows) {
      const width = 1 << (FIRST_BITS + this.moreBits - length);
      for (const symbol of symbols) {
        this.#enter(table, codeword, width, (index++ << 5) | (length + bitsBehind(symbol)));
        codeword += width;
      }
    }
    this.table = Int32Array.from(table);
  }

  #enter(table: number[], codeword: number, width: number, entry: number): void {
    const first = codeword >> this.moreBits;
    const more = 1 << this.moreBits;
    if (width >= more) {
      table.fill(entry, first, first + width / more);
      return;
    }
    if (table[first] === 0) {
      table[first] = -table.length;
      table.push(...new Array(more).fill(0));
    }
    const at = (codeword & (more - 1)) - (table[first] ?? 0);
    table.fill(entry, at, at + width);
  }
}
