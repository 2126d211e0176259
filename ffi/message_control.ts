/**
 * What libsrt tells beside the bytes of a message.
 *
 * @module
 */
/** What libsrt tells of a received message: its `SRT_MSGCTRL`, 48 bytes on 64-bit systems. */
export class SrtMessageControl {
  /** The C struct, for {@linkcode SrtConnection.receive}. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(48);
  readonly #view = new DataView(this.bytes.buffer);

  constructor() {
    this.#view.setInt32(4, -1, true); // msgttl: SRT_MSGTTL_INF
    this.#view.setInt32(24, -1, true); // pktseq: SRT_SEQNO_NONE
    this.#view.setInt32(28, -1, true); // msgno: SRT_MSGNO_NONE
  }

  /**
   * When the sender sent it, in microseconds of this machine's monotonic clock: libsrt's own origin,
   * drift of the sender's clock traced.
   */
  get sourceTimeUs(): number {
    // In two halves: getBigInt64 would allocate for each message.
    return this.#view.getInt32(20, true) * 2 ** 32 + this.#view.getUint32(16, true);
  }

  /** Number of the message: from 1, 26 bits, then 1 again. Numbers that were skipped are messages lost. */
  get messageNumber(): number {
    return this.#view.getInt32(28, true);
  }
}

/** How many messages were lost between two that were received one after the other. */
export function messagesLost(previous: number, next: number): number {
  const distance = (next - previous + MESSAGE_NUMBERS) % MESSAGE_NUMBERS;
  return distance === 0 ? 0 : distance - 1;
}

/** Message numbers run from 1 to 2^26 - 1. */
const MESSAGE_NUMBERS = 2 ** 26 - 1;
