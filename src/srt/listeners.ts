/**
 * Listens for SRT: opens libsrt's listeners and has them watched.
 *
 * @module
 */
import {
  formatAddress,
  listenSrt,
  receiveBufferFor,
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
  open(port: number, options: Pick<SrtListenOptions, "passphrase" | "backlog">): SrtListener {
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

  /**
   * Accepts what comes to `listener` from now on.
   * @param onEnd called once, when it has ended and nobody closed it
   */
  watch(
    listener: SrtListener,
    onConnection: (connection: SrtConnection) => void,
    onEnd: (why: Error) => void,
  ): void {
    this.#options.poller.addListener(listener, {
      onConnection,
      onError: ({ reason }) => {
        this.#options.onError(`${formatAddress(listener.address)}: ${reason}`);
      },
      onEnd,
    });
  }
}
