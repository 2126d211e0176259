/**
 * Options of sockets, checked before libsrt sees them.
 *
 * @module
 */
import {
  SRT_LIVE_DEF_PLSIZE,
  SRT_LIVE_MAX_PLSIZE,
  SRT_MAX_STREAMID,
  SRTO_CONNTIMEO,
  SRTO_ENFORCEDENCRYPTION,
  SRTO_FC,
  SRTO_IPV6ONLY,
  SRTO_LINGER,
  SRTO_PASSPHRASE,
  SRTO_PAYLOADSIZE,
  SRTO_PBKEYLEN,
  SRTO_PEERIDLETIMEO,
  SRTO_PEERLATENCY,
  SRTO_RCVBUF,
  SRTO_RCVLATENCY,
  SRTO_RCVSYN,
  SRTO_REUSEADDR,
  SRTO_SNDSYN,
  SRTO_STREAMID,
  SRTO_TLPKTDROP,
  SRTO_TRANSTYPE,
  SRTO_UDP_RCVBUF,
  SRTT_LIVE,
} from "./constants.ts";
import type { SrtLibrary } from "./library.ts";

/** Options of a socket, set before it is bound; accepted connections inherit their listener's. */
export interface SrtOptions {
  /**
   * How long received packets are held for lost ones to be repaired, in milliseconds
   * (`SRTO_RCVLATENCY`, libsrt's default 120). The larger of this and the peer's wish counts.
   */
  receiverLatencyMs?: number;
  /** The least latency that this sender wishes its receiver to have (`SRTO_PEERLATENCY`, default 0). */
  peerLatencyMs?: number;
  /** Encrypts: 10 to 79 bytes of UTF-8; empty is none (`SRTO_PASSPHRASE`). */
  passphrase?: string;
  /** AES key length of a sender in bytes: 16, 24 or 32; 0 leaves it to the peer (`SRTO_PBKEYLEN`). */
  keyLengthBytes?: number;
  /** Refuse a peer whose passphrase differs (`SRTO_ENFORCEDENCRYPTION`, default true). */
  enforcedEncryption?: boolean;
  /** A caller's stream id, at most 512 bytes of UTF-8 (`SRTO_STREAMID`). */
  streamId?: string;
  /** Largest message in bytes, at most 1456; 0 is no limit but that (`SRTO_PAYLOADSIZE`, default 1316). */
  payloadSizeBytes?: number;
  /** Packets that may be on their way or held at once (`SRTO_FC`, default 25600). */
  flightWindowPackets?: number;
  /** Receive buffer in bytes, 1472 for each packet however small (`SRTO_RCVBUF`, default 8192 packets). */
  receiveBufferBytes?: number;
  /** Receive buffer of the UDP socket in bytes, shared by a listener's connections (`SRTO_UDP_RCVBUF`). */
  udpReceiveBufferBytes?: number;
  /** How long a caller waits for the handshake, in milliseconds (`SRTO_CONNTIMEO`, default 3000). */
  connectTimeoutMs?: number;
  /** How long the peer may be silent, keep-alives included, in milliseconds (`SRTO_PEERIDLETIMEO`, default 5000). */
  peerIdleTimeoutMs?: number;
  /** Sockets of this process may share an address (`SRTO_REUSEADDR`, default true). */
  reuseAddress?: boolean;
  /** An IPv6 socket takes no IPv4 peers (`SRTO_IPV6ONLY`; false for listeners here). */
  ipv6Only?: boolean;
  /** Give up packets that come too late instead of holding up the rest (`SRTO_TLPKTDROP`, default true). */
  tooLatePacketDrop?: boolean;
}

/** What {@linkcode receiveBufferFor} sizes for. */
export interface ReceiveLoad {
  /** Highest bit rate that is to pass without loss, in bits a second. */
  bitrate: number;
  /** Payload of the smallest usual message; libsrt spends a packet's room on each. Default 1316. */
  messageBytes?: number;
  latencyMs: number;
  /** Longest round trip; default 500. */
  roundTripMs?: number;
  /** How long the reader may be busy elsewhere; default 2000. */
  readerStallMs?: number;
}

/**
 * The window and buffer that hold what arrives during latency, half a round trip and a stall of the
 * reader. What finds no room in them libsrt drops without an error.
 */
export function receiveBufferFor(
  load: ReceiveLoad,
): Required<Pick<SrtOptions, "flightWindowPackets" | "receiveBufferBytes">> {
  const { bitrate, messageBytes = SRT_LIVE_DEF_PLSIZE, latencyMs } = load;
  const { roundTripMs = 500, readerStallMs = 2000 } = load;
  const heldMs = latencyMs + roundTripMs / 2 + readerStallMs;
  const packets = Math.max(MIN_PACKETS, Math.ceil((bitrate / 8 / messageBytes) * (heldMs / 1000)));
  return { flightWindowPackets: packets, receiveBufferBytes: packets * PACKET_BYTES };
}

/**
 * Makes `socket` nonblocking and live, and sets `options` on it.
 * @throws {RangeError} if a value is outside its limits
 * @throws {SrtError} if libsrt refuses one
 */
export function setOptions(srt: SrtLibrary, socket: number, options: SrtOptions): void {
  const set = (
    option: number,
    value: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
    name: string,
  ) =>
    srt.check(
      srt.symbols.srt_setsockflag(socket, option, value, value.byteLength),
      `set ${name}`,
    );
  // The transmission type resets other options: it comes first.
  set(SRTO_TRANSTYPE, Int32Array.of(SRTT_LIVE), "transmission type");
  set(SRTO_RCVSYN, Int32Array.of(0), "nonblocking receive");
  set(SRTO_SNDSYN, Int32Array.of(0), "nonblocking send");
  // struct linger { onoff, seconds }: close() never waits for unsent data.
  set(SRTO_LINGER, Int32Array.of(0, 0), "linger");
  for (const { name, option, min, max } of INTEGERS) {
    const value = options[name];
    if (value !== undefined) set(option, Int32Array.of(checked(name, value, min, max)), name);
  }
  const { keyLengthBytes } = options;
  if (keyLengthBytes !== undefined) {
    if (!KEY_LENGTHS.includes(keyLengthBytes)) {
      throw new RangeError(
        `Cannot set keyLengthBytes: expected one of ${
          KEY_LENGTHS.join(", ")
        }, got ${keyLengthBytes}`,
      );
    }
    set(SRTO_PBKEYLEN, Int32Array.of(keyLengthBytes), "keyLengthBytes");
  }
  for (const { name, option } of BOOLEANS) {
    const value = options[name];
    // libsrt takes a bool of one byte or an int.
    if (value !== undefined) set(option, Int32Array.of(value ? 1 : 0), name);
  }
  for (const { name, option, min, max } of STRINGS) {
    const value = options[name];
    if (!value) continue;
    const bytes = new TextEncoder().encode(value);
    checked(`length of ${name}`, bytes.length, min, max);
    set(option, bytes, name);
  }
}

/** Smallest window that libsrt takes is 32; small streams get room for bursts. */
const MIN_PACKETS = 256;
/** What libsrt counts for a packet of its receive buffer: an MTU of 1500 less IP and UDP headers. */
const PACKET_BYTES = 1472;
const MAX_INT32 = 0x7fffffff;

/** In the order they are set: libsrt checks the receive buffer against the flight window. */
const INTEGERS = [
  { name: "receiverLatencyMs", option: SRTO_RCVLATENCY, min: 0, max: 60_000 },
  { name: "peerLatencyMs", option: SRTO_PEERLATENCY, min: 0, max: 60_000 },
  { name: "payloadSizeBytes", option: SRTO_PAYLOADSIZE, min: 0, max: SRT_LIVE_MAX_PLSIZE },
  { name: "flightWindowPackets", option: SRTO_FC, min: 32, max: 1_000_000 },
  { name: "receiveBufferBytes", option: SRTO_RCVBUF, min: 32 * PACKET_BYTES, max: MAX_INT32 },
  { name: "udpReceiveBufferBytes", option: SRTO_UDP_RCVBUF, min: 2048, max: MAX_INT32 },
  { name: "connectTimeoutMs", option: SRTO_CONNTIMEO, min: 1, max: 3_600_000 },
  { name: "peerIdleTimeoutMs", option: SRTO_PEERIDLETIMEO, min: 1, max: 3_600_000 },
] as const;

/** AES-128, -192, -256; 0 is what the peer has. */
const KEY_LENGTHS = [0, 16, 24, 32];

const BOOLEANS = [
  { name: "enforcedEncryption", option: SRTO_ENFORCEDENCRYPTION },
  { name: "reuseAddress", option: SRTO_REUSEADDR },
  { name: "ipv6Only", option: SRTO_IPV6ONLY },
  { name: "tooLatePacketDrop", option: SRTO_TLPKTDROP },
] as const;

const STRINGS = [
  { name: "passphrase", option: SRTO_PASSPHRASE, min: 10, max: 79 },
  { name: "streamId", option: SRTO_STREAMID, min: 1, max: SRT_MAX_STREAMID },
] as const;

function checked(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`Cannot set ${name}: expected an integer of ${min} to ${max}, got ${value}`);
}
