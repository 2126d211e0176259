import { createSocket, type Socket } from "node:dgram";
import type { SrtAddress } from "../../ffi/srt.ts";

/** An SRT data packet on its way (draft-sharabayko-srt 3.1). */
export interface DataPacket {
  readonly messageNumber: number;
  readonly retransmitted: boolean;
}

/** A UDP relay on loopback between one caller and a listener that loses packets on purpose. */
export class LossyRelay implements AsyncDisposable {
  readonly #front = createSocket("udp4");
  readonly #back = createSocket("udp4");
  #caller: { address: string; port: number } | undefined;
  dropped = 0;

  private constructor(target: SrtAddress, drops: (packet: DataPacket) => boolean) {
    this.#front.on("message", (packet, from) => {
      this.#caller = from;
      const data = parseData(packet);
      if (data !== undefined && drops(data)) this.dropped++;
      else this.#back.send(packet, target.port, target.hostname);
    });
    this.#back.on("message", (packet) => {
      if (this.#caller !== undefined) {
        this.#front.send(packet, this.#caller.port, this.#caller.address);
      }
    });
  }

  static async to(
    target: SrtAddress,
    drops: (packet: DataPacket) => boolean,
  ): Promise<LossyRelay> {
    const relay = new LossyRelay(target, drops);
    await Promise.all([bound(relay.#front), bound(relay.#back)]);
    return relay;
  }

  get address(): SrtAddress {
    return { hostname: "127.0.0.1", port: this.#front.address().port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([closed(this.#front), closed(this.#back)]);
  }
}

function parseData(packet: Uint8Array): DataPacket | undefined {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const control = (view.getUint32(0) & 0x8000_0000) !== 0;
  if (control) return undefined;
  const word = view.getUint32(4);
  return { messageNumber: word & 0x03ff_ffff, retransmitted: (word & 0x0400_0000) !== 0 };
}

function bound(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
