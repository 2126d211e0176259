/** SRT connections on loopback, and all that happens on them. */
import {
  connectSrt,
  listenSrt,
  loadSrt,
  type SrtAddress,
  type SrtConnection,
  type SrtConnectionHandler,
  type SrtError,
  type SrtListener,
  type SrtListenOptions,
  type SrtMessageControl,
  type SrtOptions,
  type SrtPoller,
} from "../../ffi/srt.ts";
import { until } from "../until.ts";

/** One libsrt for all tests of a process. */
export const srt = loadSrt();

/** A message as it was received. */
export interface Received {
  readonly text: string;
  readonly length: number;
  readonly number: number;
  readonly timeUs: number;
}

/** Keeps what happens on a connection. */
export class ConnectionRecord implements SrtConnectionHandler {
  readonly messages: Received[] = [];
  readonly connection: SrtConnection;
  writable = 0;
  end: SrtError | undefined;

  constructor(connection: SrtConnection) {
    this.connection = connection;
  }

  onMessage(message: Uint8Array<ArrayBuffer>, control: SrtMessageControl): void {
    this.messages.push({
      text: new TextDecoder("latin1").decode(message),
      length: message.length,
      number: control.messageNumber,
      timeUs: control.sourceTimeUs,
    });
  }

  onWritable(): void {
    this.writable++;
  }

  onClose(error: SrtError): void {
    this.end = error;
  }
}

/** A listener on loopback that takes every connection. */
export class Server implements Disposable {
  readonly listener: SrtListener;
  readonly accepted: ConnectionRecord[] = [];

  constructor(poller: SrtPoller, options: Partial<SrtListenOptions> = {}) {
    this.listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0, ...options });
    poller.addListener(this.listener, {
      onConnection: (connection) => {
        const record = new ConnectionRecord(connection);
        this.accepted.push(record);
        poller.addConnection(connection, record);
      },
      onError: (error) => {
        throw error;
      },
    });
  }

  /** The `index`th connection, once it is there. */
  async connection(index = 0): Promise<ConnectionRecord> {
    await until(`connection ${index}`, () => this.accepted.length > index);
    const record = this.accepted[index];
    if (record === undefined) throw new Error(`Cannot find connection ${index}`);
    return record;
  }

  [Symbol.dispose](): void {
    for (const { connection } of this.accepted) connection.close();
    this.listener.close();
  }
}

/** Connects, and waits until the connection is up. */
export async function connected(
  poller: SrtPoller,
  peer: SrtAddress,
  options: SrtOptions = {},
): Promise<ConnectionRecord> {
  const caller = new ConnectionRecord(connectSrt(srt, peer, options));
  poller.addConnection(caller.connection, caller);
  await until("a handshake is over", () => caller.writable > 0 || caller.end !== undefined);
  if (caller.end !== undefined) throw caller.end;
  return caller;
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
