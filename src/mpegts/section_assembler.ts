/** Takes PSI sections out of packets. */
import { MAX_SECTION_BYTES, SECTION_HEADER_BYTES, sectionBytes } from "./psi.ts";

/** Puts the sections of one PID together from its packets (ISO/IEC 13818-1 2.4.4.2). */
export class SectionAssembler {
  readonly #onSection: (section: Uint8Array) => void;
  readonly #held = new Uint8Array(MAX_SECTION_BYTES);
  #heldBytes = 0;
  /** Whether what follows belongs to a section whose start has come. */
  #open = false;

  /** @param onSection takes a whole section, unchecked; valid during the call */
  constructor(onSection: (section: Uint8Array) => void) {
    this.#onSection = onSection;
  }

  /**
   * Takes the payload of the next packet.
   * @param unitStart payload_unit_start_indicator: the payload begins with a pointer_field
   */
  push(payload: Uint8Array, unitStart: boolean): void {
    if (!unitStart) return this.#append(payload);
    const start = 1 + (payload[0] ?? 0);
    this.#append(payload.subarray(1, start));
    this.#heldBytes = 0;
    this.#open = true;
    this.#append(payload.subarray(start));
  }

  #append(bytes: Uint8Array): void {
    let at = 0;
    while (this.#open && at < bytes.length) {
      if (this.#heldBytes === 0 && bytes[at] === STUFFING) {
        this.#open = false; // up to the packet's end
        return;
      }
      at += this.#hold(bytes.subarray(at), SECTION_HEADER_BYTES);
      if (this.#heldBytes < SECTION_HEADER_BYTES) return;
      const wanted = sectionBytes(this.#held);
      if (wanted > MAX_SECTION_BYTES) {
        this.#open = false; // no PAT or PMT is as long
        return;
      }
      at += this.#hold(bytes.subarray(at), wanted);
      if (this.#heldBytes === wanted) {
        this.#heldBytes = 0;
        this.#onSection(this.#held.subarray(0, wanted));
      }
    }
  }

  /** Holds more bytes, until `wanted` are held. @returns how many more */
  #hold(bytes: Uint8Array, wanted: number): number {
    const piece = bytes.subarray(0, Math.max(0, wanted - this.#heldBytes));
    this.#held.set(piece, this.#heldBytes);
    this.#heldBytes += piece.length;
    return piece.length;
  }
}

/** What fills a packet behind its last section: it is in the place of a table_id. */
const STUFFING = 0xff;
