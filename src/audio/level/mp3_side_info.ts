/** What the side information of an MP3 frame tells (ISO/IEC 11172-3 and 13818-3, 2.4.1.7). */
import type { BitCursor } from "./bit_cursor.ts";

/** The shape of a granule's blocks: long ones, short ones, or both. */
export type Blocks = "long" | "short" | "mixed";

/** A granule of one channel. The object is used for one frame after the other. */
export class Granule {
  /** Bits of scalefactors and lines. */
  part23Length = 0;
  bigValues = 0;
  globalGain = 0;
  scalefacCompress = 0;
  blocks: Blocks = "long";
  /** Whether it has blocks of another kind than the usual one, and so regions of fixed sizes. */
  isSwitched = false;
  /** preflag and scalefac_scale, 0 or 1. */
  preflag = 0;
  scalefacScale = 0;
  count1Table = 0;
  readonly tables = [0, 0, 0];
  readonly subblockGains = [0, 0, 0];
  /** Bands of the first two regions. */
  readonly regionBands = [0, 0];

  read(bits: BitCursor, isMpeg1: boolean): void {
    this.part23Length = bits.read(12);
    this.bigValues = bits.read(9);
    this.globalGain = bits.read(8);
    this.scalefacCompress = bits.read(isMpeg1 ? 4 : 9);
    this.isSwitched = bits.read(1) === 1;
    this.blocks = "long";
    this.subblockGains.fill(0);
    if (this.isSwitched) this.#readSwitched(bits);
    else {
      for (let region = 0; region < 3; region++) this.tables[region] = bits.read(5);
      this.regionBands[0] = bits.read(4) + 1;
      this.regionBands[1] = bits.read(3) + 1;
    }
    this.preflag = isMpeg1 ? bits.read(1) : 0;
    this.scalefacScale = bits.read(1);
    this.count1Table = bits.read(1);
  }

  #readSwitched(bits: BitCursor): void {
    const isShort = bits.read(2) === SHORT_BLOCK_TYPE;
    const isMixed = bits.read(1) === 1;
    if (isShort) this.blocks = isMixed ? "mixed" : "short";
    this.tables[0] = bits.read(5);
    this.tables[1] = bits.read(5);
    for (let window = 0; window < 3; window++) this.subblockGains[window] = bits.read(3);
  }
}

/** block_type of three short blocks. */
const SHORT_BLOCK_TYPE = 2;
