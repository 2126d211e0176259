/** Reads fragmented MP4 as a player does, independent of src/mp4. */
import assert from "node:assert/strict";
import { boxAt, boxesIn } from "./plain_mp4.ts";

/** A fragment: a moof and its mdat. */
export interface ReadFragment {
  /** tfdt. */
  readonly decodeTime: number;
  readonly frames: readonly Uint8Array[];
}

/** The fragments that `bytes` consist of, with nothing between them. */
export function readFragments(bytes: Uint8Array): ReadFragment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const boxes = boxesIn(bytes);
  const fragments: ReadFragment[] = [];
  for (let i = 0; i < boxes.length; i += 2) {
    const [moof, mdat] = [boxes[i], boxes[i + 1]];
    assert.ok(moof !== undefined && mdat !== undefined);
    assert.deepEqual([moof.type, mdat.type], ["moof", "mdat"]);
    const part = bytes.subarray(moof.start, mdat.end);
    const at = (...path: string[]) => moof.start + boxAt(part, "moof", "traf", ...path).payload;
    const trun = at("trun");
    const count = view.getUint32(trun + 4);
    let offset = moof.start + view.getUint32(trun + 8);
    const frames = Array.from({ length: count }, (_, n) => {
      const size = view.getUint32(trun + 12 + 4 * n);
      return bytes.slice(offset, offset += size);
    });
    assert.equal(offset, mdat.end);
    fragments.push({ decodeTime: Number(view.getBigUint64(at("tfdt") + 4)), frames });
  }
  return fragments;
}
