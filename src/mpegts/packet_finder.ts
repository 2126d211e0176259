/** Finds the packets of a transport stream by their sync bytes. */
import { UnsupportedAudio } from "../audio/unsupported_audio.ts";
import { PACKET_BYTES, SYNC_BYTE } from "./packet.ts";

/** Takes the packets that are found, in the stream's order. */
export interface PacketSink {
  /** The packet of 188 bytes at `at`, valid during the call. */
  packet(bytes: Uint8Array, at: number): void;
  /** A stretch of garbage begins. */
  bad(count: number): void;
}

/**
 * Finds the packets in a transport stream that comes in pieces of any size and may begin anywhere.
 */
export class PacketFinder {
  readonly #sink: PacketSink;
  /** The beginning of a packet; while out of step, bytes to be searched for a row of sync bytes. */
  readonly #held = new Uint8Array(SEARCH_BYTES);
  #heldBytes = 0;
  #inStep = false;
  #inGarbage = false;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  /**
   * Takes the stream's next piece.
   * @throws {UnsupportedAudio} where the packets are of 192 or 204 bytes
   */
  feed(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#inStep && this.#heldBytes === 0) at = this.#packets(bytes, at);
      const wanted = (this.#inStep ? PACKET_BYTES : SEARCH_BYTES) - this.#heldBytes;
      const piece = bytes.subarray(at, at + wanted);
      this.#held.set(piece, this.#heldBytes);
      this.#heldBytes += piece.length;
      at += piece.length;
      if (piece.length === wanted) this.#take();
    }
  }

  /**
   * To be called where the stream is over. One that is too short for a whole row is taken as well.
   */
  flush(): void {
    const held = this.#held.subarray(0, this.#heldBytes);
    if (this.#inStep || held.length < PACKET_BYTES) return;
    if (isRow(held, 0, PACKET_BYTES, Math.floor(held.length / PACKET_BYTES))) {
      this.#inStep = true;
      this.#release(this.#packets(held, 0));
    }
  }

  /** Uses what is held, once it is a packet or, while out of step, enough to be searched. */
  #take(): void {
    if (this.#inStep) this.#release(this.#packets(this.#held.subarray(0, this.#heldBytes), 0));
    else this.#search();
  }

  /** Hands on the packets from `at` on, until there is none. @returns where they end */
  #packets(bytes: Uint8Array, at: number): number {
    let next = at;
    for (; next + PACKET_BYTES <= bytes.length; next += PACKET_BYTES) {
      if (bytes[next] !== SYNC_BYTE) {
        this.#inStep = false;
        this.#garbage();
        break;
      }
      this.#sink.packet(bytes, next);
    }
    return next;
  }

  /** Looks for a row of sync bytes from each place from which what is held has room for one. */
  #search(): void {
    const held = this.#held.subarray(0, this.#heldBytes);
    for (let at = 0; at < LONGEST_PACKET_BYTES; at++) {
      if (held[at] !== SYNC_BYTE) continue;
      if (isRow(held, at, PACKET_BYTES)) {
        if (at > 0) this.#garbage();
        this.#inStep = true;
        this.#inGarbage = false;
        return this.#release(this.#packets(held, at));
      }
      for (const packetBytes of FOREIGN_PACKET_BYTES) {
        if (isRow(held, at, packetBytes)) {
          throw new UnsupportedAudio(`MPEG-TS in packets of ${packetBytes} bytes`);
        }
      }
    }
    this.#garbage();
    this.#release(LONGEST_PACKET_BYTES);
  }

  #garbage(): void {
    if (!this.#inGarbage) this.#sink.bad(1);
    this.#inGarbage = true;
  }

  #release(count: number): void {
    this.#held.copyWithin(0, count, this.#heldBytes);
    this.#heldBytes -= count;
  }
}

/** With a time code before each packet (M2TS), and with parity behind it (DVB). */
const FOREIGN_PACKET_BYTES = [192, 204];
const LONGEST_PACKET_BYTES = 204;

/** Sync bytes in a row that tell packets from garbage. */
const ROW = 5;
const SEARCH_BYTES = ROW * LONGEST_PACKET_BYTES;

function isRow(bytes: Uint8Array, at: number, packetBytes: number, row: number = ROW): boolean {
  for (let i = 0; i < row; i++) {
    if (bytes[at + i * packetBytes] !== SYNC_BYTE) return false;
  }
  return true;
}
