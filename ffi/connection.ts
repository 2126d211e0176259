/**
 * SRT connections: begun here, or accepted by a listener.
 *
 * @module
 */
import { encodeSockaddr, formatAddress, type SrtAddress } from "./address.ts";
import {
  SRT_EASYNCRCV,
  SRT_EASYNCSND,
  SRT_ECONGEST,
  SRT_ECONNLOST,
  SRT_ECONNREJ,
  SRT_ERROR,
  SRT_MAX_STREAMID,
  SRTO_RCVLATENCY,
  SRTO_STREAMID,
} from "./constants.ts";
import { SrtError } from "./errors.ts";
import type { SrtLibrary } from "./library.ts";
import type { SrtMessageControl } from "./message_control.ts";
import { setOptions, type SrtOptions } from "./options.ts";
import { SrtSocket } from "./socket.ts";
import { readStatistics, type SrtStatistics, STATISTICS_BYTES } from "./statistics.ts";

/**
 * Begins to connect to a listener, and returns at once: a poller calls `onWritable` when the
 * handshake is done, `onClose` if it fails.
 *
 * @param peer the listener's IP address and port; names are not resolved
 * @throws {SrtError} if no socket can be had
 * @throws {RangeError} if an option is outside its limits
 */
export function connectSrt(
  srt: SrtLibrary,
  peer: SrtAddress,
  options: SrtOptions = {},
): SrtConnection {
  const address = encodeSockaddr(peer);
  const where = formatAddress(peer);
  const id = srt.check(srt.symbols.srt_create_socket(), `connect to ${where}`);
  try {
    setOptions(srt, id, options);
    srt.check(srt.symbols.srt_connect(id, address, address.length), `connect to ${where}`);
    return new SrtConnection(srt, id, peer, false);
  } catch (error) {
    srt.symbols.srt_close(id);
    throw error;
  }
}

/** One connection, accepted by a listener or begun by {@linkcode connectSrt}. */
export class SrtConnection extends SrtSocket {
  readonly peer: SrtAddress;
  /** The stream id that the caller gave; empty if none. */
  readonly streamId: string;
  /** Accepted by a listener, and so up from the start; else begun here. */
  readonly accepted: boolean;
  #statistics: SrtStatistics | undefined;

  /** Use {@linkcode SrtListener.accept} or {@linkcode connectSrt}. */
  constructor(srt: SrtLibrary, id: number, peer: SrtAddress, accepted: boolean) {
    super(srt, id);
    this.peer = peer;
    this.accepted = accepted;
    this.streamId = readStreamId(srt, id);
  }

  /**
   * Reads the next message whose time has come. What the peer sent before it left can still be read
   * after it has gone.
   *
   * @param buffer takes the message; 1456 bytes hold any
   * @param control takes what libsrt tells of it
   * @returns length of the message; 0 if none is ready
   * @throws {SrtError} if the connection is gone
   */
  receive(buffer: Uint8Array<ArrayBuffer>, control: SrtMessageControl): number {
    const { symbols } = this.srt;
    const length = symbols.srt_recvmsg2(this.id, buffer, buffer.length, control.bytes);
    if (length !== SRT_ERROR) return length;
    if (symbols.srt_getlasterror(null) === SRT_EASYNCRCV) return 0;
    throw this.srt.lastError(`receive from ${formatAddress(this.peer)}`);
  }

  /**
   * Sends one message, at most the payload size long.
   *
   * @returns whether it was taken; if not, the send buffer is full
   * @throws {SrtError} if the message is too long, or the connection not yet up or gone
   */
  send(message: Uint8Array<ArrayBuffer>): boolean {
    const { symbols } = this.srt;
    const sent = symbols.srt_sendmsg2(this.id, message, message.length, null);
    if (sent !== SRT_ERROR) return true;
    const code = symbols.srt_getlasterror(null);
    if (code === SRT_EASYNCSND || code === SRT_ECONGEST) return false;
    throw this.srt.lastError(`send to ${formatAddress(this.peer)}`);
  }

  /**
   * The counters of this moment. Once the peer has gone libsrt has none: then those of the last
   * {@linkcode sampleStatistics}.
   */
  get statistics(): SrtStatistics | undefined {
    this.sampleStatistics();
    return this.#statistics;
  }

  /** Keeps the counters of this moment for later; a poller calls it once a second. */
  sampleStatistics(): void {
    const failed = this.srt.symbols.srt_bistats(this.id, statisticsBytes, 0, 1) === SRT_ERROR;
    if (!failed) this.#statistics = readStatistics(statisticsView);
  }

  /** The receiver latency that both ends agreed on, in milliseconds; 0 if the socket is gone. */
  get latencyMs(): number {
    const value = new Int32Array(1);
    const size = Int32Array.of(4);
    this.srt.symbols.srt_getsockflag(this.id, SRTO_RCVLATENCY, value, size);
    return value[0] ?? 0;
  }

  /** Why a caller's handshake failed. */
  rejection(): SrtError {
    const reason = this.srt.rejectReason(this.id);
    return new SrtError(`connect to ${formatAddress(this.peer)}`, SRT_ECONNREJ, reason);
  }

  /** That the peer has gone. */
  lost(): SrtError {
    const reason = this.srt.errorText(SRT_ECONNLOST);
    return new SrtError(`receive from ${formatAddress(this.peer)}`, SRT_ECONNLOST, reason);
  }
}

/** One for all: it is filled and read within a call. */
const statisticsBytes = new Uint8Array(STATISTICS_BYTES);
const statisticsView = new DataView(statisticsBytes.buffer);

function readStreamId(srt: SrtLibrary, socket: number): string {
  const bytes = new Uint8Array(SRT_MAX_STREAMID + 1);
  const size = Int32Array.of(bytes.length);
  if (srt.symbols.srt_getsockflag(socket, SRTO_STREAMID, bytes, size) === SRT_ERROR) return "";
  return new TextDecoder().decode(bytes.subarray(0, size[0]));
}
