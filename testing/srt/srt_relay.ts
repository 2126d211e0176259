/**
 * A stretch of UDP network between an SRT caller and a listener, which delays and loses packets.
 */
import { createSocket, type Socket } from "node:dgram";
import type { SrtAddress } from "../../ffi/srt.ts";

/** What a relay does to packets. */
export interface SrtRelayOptions {
  /** Where the server sees the caller. Default 127.0.0.1. */
  readonly from?: string;
  /** One way. Default 0. */
  readonly delayMs?: number;
  /** Whether a data packet on its way to the server is lost. */
  readonly loses?: (packet: SrtDataPacket) => boolean;
  /** Whether a control packet is, either way. */
  readonly losesControl?: () => boolean;
}

/** The header of an SRT data packet: SRT internet draft 3.1. */
export interface SrtDataPacket {
  readonly sequence: number;
  readonly message: number;
  /** It is sent again, because it was lost before. */
  readonly retransmitted: boolean;
}

/** A stretch of network between one caller and a server. */
export class SrtRelay implements AsyncDisposable {
  readonly address: SrtAddress;
  readonly #front: Socket;
  readonly #back: Socket;
  readonly #options: SrtRelayOptions;
  readonly #onTheWay = new Set<ReturnType<typeof setTimeout>>();
  #caller: SrtAddress | undefined;
  /** Data packets that were lost on purpose. */
  lost = 0;

  private constructor(front: Socket, back: Socket, server: SrtAddress, options: SrtRelayOptions) {
    this.#front = front;
    this.#back = back;
    this.#options = options;
    this.address = { hostname: "127.0.0.1", port: front.address().port };
    front.on("message", (packet, { address, port }) => {
      this.#caller = { hostname: address, port };
      if (!this.#isLost(packet)) {
        this.#later(() => back.send(packet, server.port, server.hostname));
      }
    });
    back.on("message", (packet) => {
      const caller = this.#caller;
      if (caller === undefined || this.#isLost(packet)) return;
      this.#later(() => front.send(packet, caller.port, caller.hostname));
    });
  }

  static async to(server: SrtAddress, options: SrtRelayOptions = {}): Promise<SrtRelay> {
    const front = await bound("127.0.0.1");
    const back = await bound(options.from ?? "127.0.0.1");
    return new SrtRelay(front, back, server, options);
  }

  #isLost(packet: Uint8Array): boolean {
    const { loses, losesControl } = this.#options;
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const isControl = (view.getUint8(0) & 0x80) !== 0;
    if (isControl) return losesControl?.() ?? false;
    const word = view.getUint32(4);
    const isLost = loses?.({
      sequence: view.getUint32(0),
      message: word & 0x03ff_ffff,
      retransmitted: (word & 0x0400_0000) !== 0,
    }) ?? false;
    if (isLost) this.lost++;
    return isLost;
  }

  #later(send: () => void): void {
    const { delayMs = 0 } = this.#options;
    if (delayMs === 0) return send();
    const timer = setTimeout(() => {
      this.#onTheWay.delete(timer);
      send();
    }, delayMs);
    this.#onTheWay.add(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#onTheWay) clearTimeout(timer);
    for (const socket of [this.#front, this.#back]) {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    }
  }
}

async function bound(hostname: string): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, hostname, resolve));
  return socket;
}
