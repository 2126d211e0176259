/** Callers of SRT listeners, as encoders are. */
import {
  connectSrt,
  loadSrt,
  type SrtAddress,
  type SrtConnection,
  type SrtConnectionHandler,
  type SrtError,
  type SrtOptions,
  SrtPoller,
} from "../../ffi/srt.ts";
import { until } from "../until.ts";

/** One libsrt for all tests of a module. */
const srt = loadSrt();

/** An encoder's end of a connection. */
export class SrtCaller implements SrtConnectionHandler {
  readonly connection: SrtConnection;
  up = false;
  /** Why it is over. */
  end: SrtError | undefined;

  constructor(connection: SrtConnection) {
    this.connection = connection;
  }

  /** Sends each message, as long as there is somebody. */
  send(...messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      if (this.end === undefined) this.connection.send(new Uint8Array(message));
    }
  }

  /** Resolves once the server has closed. */
  async closed(): Promise<void> {
    await until("the server closes the connection", () => this.end !== undefined);
  }

  /** Leaves. */
  close(): void {
    this.connection.close();
  }

  onMessage(): void {}

  onWritable(): void {
    this.up = true;
  }

  onClose(error: SrtError): void {
    this.end = error;
  }
}

/** Callers, and what looks after them. */
export class SrtCallers {
  readonly #poller = new SrtPoller(srt);
  readonly #callers: SrtCaller[] = [];

  /** Begins to connect. */
  call(address: SrtAddress, options: SrtOptions = {}): SrtCaller {
    const caller = new SrtCaller(connectSrt(srt, address, { ...options, payloadSizeBytes: 1456 }));
    this.#poller.addConnection(caller.connection, caller);
    this.#callers.push(caller);
    return caller;
  }

  /**
   * Connects.
   * @throws {SrtError} where the handshake fails
   */
  async connect(address: SrtAddress, options: SrtOptions = {}): Promise<SrtCaller> {
    const caller = this.call(address, options);
    await until("a handshake is over", () => caller.up || caller.end !== undefined);
    if (!caller.up) throw caller.end;
    return caller;
  }

  /** The code that the handshake is refused with; `NaN` where it fails without one. */
  async refusal(address: SrtAddress, options: SrtOptions = {}): Promise<number> {
    const caller = this.call(address, options);
    await until("it is refused", () => caller.end !== undefined);
    if (caller.up) throw new Error("Cannot tell the code: the handshake was complete");
    return Number(/\((\d+)\)$/.exec(caller.end?.reason ?? "")?.[1]);
  }

  close(): void {
    this.#poller.close();
    for (const caller of this.#callers) caller.close();
  }
}
