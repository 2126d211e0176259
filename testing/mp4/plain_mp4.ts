/** Reads plain MP4 files (ISO/IEC 14496-12) as a player does, independent of src/mp4. */
import assert from "node:assert/strict";

/** A box of a file: offsets are the file's. */
export interface FileBox {
  readonly type: string;
  readonly start: number;
  readonly payload: number;
  readonly end: number;
}

/** The boxes that follow each other from `start` to `end`; fails where they do not fill it. */
export function boxesIn(bytes: Uint8Array, start = 0, end = bytes.length): FileBox[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const boxes: FileBox[] = [];
  while (start < end) {
    const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    const large = view.getUint32(start) === 1;
    const size = large ? Number(view.getBigUint64(start + 8)) : view.getUint32(start);
    assert.ok(size >= 8 && start + size <= end, `${type} at ${start} has size ${size}`);
    boxes.push({ type, start, payload: start + (large ? 16 : 8), end: start + size });
    start += size;
  }
  return boxes;
}

/** The box on a path from the top level, the only one of its type at each step. */
export function boxAt(bytes: Uint8Array, ...path: string[]): FileBox {
  let found: FileBox = { type: "", start: 0, payload: 0, end: bytes.length };
  for (const type of path) {
    const all = boxesIn(bytes, found.payload, found.end).filter((box) => box.type === type);
    assert.equal(all.length, 1, `${all.length} boxes ${type} of ${path.join("/")}`);
    found = all[0] as FileBox;
  }
  return found;
}

/** Types of the boxes at the top level; fails where they do not fill the file. */
export function topLevel(bytes: Uint8Array): string[] {
  return boxesIn(bytes).map((box) => box.type);
}

/**
 * Reads the access units of a plain MP4 as a player does, independently of src/mp4: by the sample
 * tables of the first movie box, whatever follows it.
 */
export function readPlainMp4(bytes: Uint8Array, samplesPerFrame = 1024): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const movie = firstMovie(bytes);
  const stbl = boxAt(bytes.subarray(0, movie), "moov", "trak", "mdia", "minf", "stbl");
  const tables = boxesIn(bytes, stbl.payload, stbl.end);
  const table = (type: string) => {
    const box = tables.find((box) => box.type === type);
    assert.ok(box, `no ${type}`);
    return box.payload + 4; // behind version and flags
  };
  const stsz = table("stsz");
  assert.equal(view.getUint32(stsz), 0);
  const count = view.getUint32(stsz + 4);
  const stts = table("stts");
  const durations = [0, 4, 8].map((at) => view.getUint32(stts + at));
  assert.deepEqual(durations, [1, count, samplesPerFrame]);

  const large = tables.some((box) => box.type === "co64");
  const offsets = table(large ? "co64" : "stco");
  const chunks = view.getUint32(offsets);
  const stsc = table("stsc");
  const runs = view.getUint32(stsc);
  const samples: Uint8Array[] = [];
  let run = -1;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const nextRun = stsc + 4 + 12 * (run + 1);
    if (run + 1 < runs && view.getUint32(nextRun) === chunk + 1) run++;
    const perChunk = view.getUint32(stsc + 4 + 12 * run + 4);
    let offset = large
      ? Number(view.getBigUint64(offsets + 4 + 8 * chunk))
      : view.getUint32(offsets + 4 + 4 * chunk);
    for (let i = 0; i < perChunk; i++) {
      const size = view.getUint32(stsz + 8 + 4 * samples.length);
      samples.push(bytes.slice(offset, offset + size));
      offset += size;
    }
  }
  assert.equal(run, runs - 1);
  assert.equal(samples.length, count);
  return samples;
}

/** Where the first movie box ends. */
function firstMovie(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  for (;;) {
    const large = view.getUint32(start) === 1;
    const end = start + (large ? Number(view.getBigUint64(start + 8)) : view.getUint32(start));
    if (String.fromCharCode(...bytes.subarray(start + 4, start + 8)) === "moov") return end;
    start = end;
  }
}
