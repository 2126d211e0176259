/**
 * What the packets of a transport stream are made of, ISO/IEC 13818-1 2.4.3.
 *
 * @module
 */

/** Bytes of a packet. */
export const PACKET_BYTES = 188;

/** Bytes of a packet's header: sync_byte, flags and PID, continuity_counter. */
export const PACKET_HEADER_BYTES = 4;

/** sync_byte. */
export const SYNC_BYTE = 0x47;

/** The PID of the program association table. */
export const PAT_PID = 0;

/** In the header's last byte, with continuity_counter. */
export const HAS_ADAPTATION_FIELD = 0x20;
export const HAS_PAYLOAD = 0x10;

/** In the header's second byte, with the high bits of the PID. */
export const TRANSPORT_ERROR = 0x80;
export const PAYLOAD_UNIT_START = 0x40;

/** In the adaptation field's flags. */
export const DISCONTINUITY = 0x80;
export const RANDOM_ACCESS = 0x40;
export const HAS_PCR = 0x10;

/** PTS and program_clock_reference_base count a 90 kHz clock in 33 bits. */
export const CLOCK_RATE = 90_000;
export const CLOCK_WRAP = 2 ** 33;
