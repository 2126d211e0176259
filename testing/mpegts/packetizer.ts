/** Makes transport streams that Echo's own muxer would not make. */
import { PACKET_BYTES } from "../../src/mpegts/packet.ts";
import { writeProgramAssociation, writeProgramMap } from "../../src/mpegts/psi.ts";
import { concat } from "../bytes.ts";

/** Makes transport streams that no muxer would make. */
export class Packetizer {
  readonly #counters = new Map<number, number>();

  /** Packets of one PID that hold `unit`: a PES packet or, with a pointer_field, a section. */
  packets(pid: number, unit: Uint8Array, payloadBytes = 184): Uint8Array[] {
    const packets: Uint8Array[] = [];
    for (let at = 0; at < unit.length; at += payloadBytes) {
      packets.push(this.#packet(pid, unit.subarray(at, at + payloadBytes), at === 0));
    }
    return packets;
  }

  /** The PAT, and a PMT of one stream. */
  tables(streamType: number, pid: number, payloadBytes = 184): Uint8Array[] {
    const pat = writeProgramAssociation([{ programNumber: 1, pmtPid: 0x20 }]);
    const streams = [{ streamType, pid, descriptors: new Uint8Array() }];
    const pmt = writeProgramMap({ programNumber: 1, pcrPid: pid, streams });
    const pointer = Uint8Array.of(0);
    return [
      ...this.packets(0, concat([pointer, pat]), payloadBytes),
      ...this.packets(0x20, concat([pointer, pmt]), payloadBytes),
    ];
  }

  #packet(pid: number, payload: Uint8Array, unitStart: boolean): Uint8Array {
    const counter = ((this.#counters.get(pid) ?? -1) + 1) & 0x0f;
    this.#counters.set(pid, counter);
    const stuffing = PACKET_BYTES - 4 - payload.length;
    const packet = new Uint8Array(PACKET_BYTES).fill(0xff);
    const flags = unitStart ? 0x40 : 0;
    packet.set([0x47, flags | (pid >> 8), pid & 0xff, (stuffing > 0 ? 0x30 : 0x10) | counter]);
    if (stuffing > 0) packet[4] = stuffing - 1;
    if (stuffing > 1) packet[5] = 0;
    packet.set(payload, PACKET_BYTES - payload.length);
    return packet;
  }
}

/** A PES packet; without a PTS where that is undefined, without a length where `bounded` is false. */
export function pes(data: Uint8Array, pts90k: number | undefined, bounded = true): Uint8Array {
  const pts = pts90k === undefined ? [] : [
    0x21 | (Math.floor(pts90k / 2 ** 30) << 1),
    (pts90k >>> 22) & 0xff,
    0x01 | ((pts90k >>> 14) & 0xff),
    (pts90k >>> 7) & 0xff,
    0x01 | ((pts90k << 1) & 0xff),
  ];
  const length = bounded ? 3 + pts.length + data.length : 0;
  const flags = [0x80, pts.length > 0 ? 0x80 : 0, pts.length];
  return concat([
    Uint8Array.of(0, 0, 1, 0xc0, length >> 8, length & 0xff, ...flags, ...pts),
    data,
  ]);
}
