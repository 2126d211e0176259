/**
 * Listens for SRT: opens libsrt's listeners and has them watched.
 *
 * @module
 */
import {
  formatAddress,
  listenSrt,
  receiveBufferFor,
  type SrtAddress,
  type SrtConnection,
  SrtError,
  type SrtLibrary,
  type SrtListener,
  type SrtListenOptions,
  type SrtPoller,
} from "../../ffi/srt.ts";

/** With room for the video that an encoder may send along. */
const MAX_BITRATE = 10_000_000;

export interface SrtListenersOptions {
  readonly srt: SrtLibrary;
  readonly poller: SrtPoller;
  /** The address of all listeners. */
  readonly hostname: string;
  /** Receiver latency in milliseconds. */
  readonly latencyMs: number;
  /** Told why a connection could not be accepted, and where. */
  readonly onError: (why: string) => void;
}

/** What is told of a listener. */
export interface ListenerWatch {
  readonly onConnection: (connection: SrtConnection) => void;
  /** Called once, when it has ended and nobody closed it. */
  readonly onEnd: (why: Error) => void;
  /** Called for each caller that was let in and whose handshake failed after that. */
  readonly onHandshakeFailed?: (peer: SrtAddress) => void;
}

/** Makes listeners that differ in little but their port. */
export class SrtListeners {
  readonly #options: SrtListenersOptions;

  constructor(options: SrtListenersOptions) {
    this.#options = options;
  }

  /**
   * Opens a listener, which accepts nothing yet.
   * @throws {SrtError} where the port cannot be had
   */
  open(
    port: number,
    options: Pick<SrtListenOptions, "passphrase" | "backlog" | "onRequest">,
  ): SrtListener {
    const { srt, hostname, latencyMs } = this.#options;
    return listenSrt(srt, {
      hostname,
      port,
      receiverLatencyMs: latencyMs,
      ...receiveBufferFor({ bitrate: MAX_BITRATE, latencyMs }),
      ...options,
    });
  }

  /** The same, where `undefined` says that the port cannot be had. */
  tryOpen(...parameters: Parameters<SrtListeners["open"]>): SrtListener | undefined {
    try {
      return this.open(...parameters);
    } catch (error) {
      if (error instanceof SrtError) return undefined;
      throw error;
    }
  }

  /** Accepts what comes to `listener` from now on. */
  watch(listener: SrtListener, watch: ListenerWatch): void {
    this.#options.poller.addListener(listener, {
      ...watch,
      onError: ({ reason }) => {
        this.#options.onError(`${formatAddress(listener.address)}: ${reason}`);
      },
    });
  }
}
