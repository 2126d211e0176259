/** Takes transport stream packets apart, independent of src/mpegts. */
import assert from "node:assert/strict";

/** What a test looks at in one transport stream packet. */
export interface Packet {
  readonly pid: number;
  readonly unitStart: boolean;
  readonly counter: number;
  /** program_clock_reference_base; `undefined` where there is none. */
  readonly pcr90k: number | undefined;
  readonly stuffingBytes: number;
  readonly payload: Uint8Array;
}

/** Takes a transport stream apart by the letter, without any of the code under test. */
export function packets(stream: Uint8Array): Packet[] {
  assert.equal(stream.length % 188, 0);
  return Array.from({ length: stream.length / 188 }, (_, i) => {
    const bytes = stream.subarray(188 * i, 188 * (i + 1));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    assert.equal(view.getUint8(0), 0x47);
    const control = view.getUint8(3);
    const adaptationBytes = (control & 0x20) === 0 ? 0 : 1 + view.getUint8(4);
    assert.ok((control & 0x10) !== 0 && adaptationBytes <= 183);
    const flags = adaptationBytes > 1 ? view.getUint8(5) : 0;
    const hasPcr = (flags & 0x10) !== 0;
    const usedBytes = hasPcr ? 8 : Math.min(adaptationBytes, 2);
    assert.ok(bytes.subarray(4 + usedBytes, 4 + adaptationBytes).every((byte) => byte === 0xff));
    return {
      pid: view.getUint16(1) & 0x1fff,
      unitStart: (view.getUint16(1) & 0x4000) !== 0,
      counter: control & 0x0f,
      pcr90k: hasPcr ? view.getUint32(6) * 2 + (view.getUint8(10) >> 7) : undefined,
      stuffingBytes: adaptationBytes - usedBytes,
      payload: bytes.subarray(4 + adaptationBytes),
    };
  });
}

/** The PES packet that begins in a packet's payload. */
export function pesHeader(
  payload: Uint8Array,
): { length: number; pts90k: number; data: Uint8Array } {
  assert.equal(payload.subarray(0, 4).toHex(), "000001c0");
  assert.equal(payload.subarray(6, 9).toHex(), "848005");
  const byte = (at: number) => payload[at] ?? 0;
  const pts90k = ((byte(9) >> 1) & 7) * 2 ** 30 + (byte(10) << 22) + ((byte(11) >> 1) << 15) +
    (byte(12) << 7) + (byte(13) >> 1);
  assert.deepEqual([byte(9) & 0xf1, byte(11) & 1, byte(13) & 1], [0x21, 1, 1]);
  return { length: (byte(4) << 8) | byte(5), pts90k, data: payload.subarray(14) };
}
