/** DJs and listeners over TLS, each on a connection that stays. */
import { beginning, framesIn, request } from "../http2/http2_client.ts";
import { RtmpPublisher } from "../rtmp/rtmp_publisher.ts";
import type { SecureServer } from "./secure_server.ts";

const FRAME_MS = 1024 / 48;
/** AAC-LC, 48 kHz, stereo. */
const CONFIG = Uint8Array.of(0x11, 0x90);
/** A silent access unit of two channels. */
const SILENCE = Uint8Array.of(0x21, 0, 0, 0, 0, 0x1c);

/** A DJ by RTMPS, until its disposal. */
export class SecureDj implements AsyncDisposable {
  readonly #publisher: RtmpPublisher;
  readonly #timer: ReturnType<typeof setInterval>;
  #sent = 0;
  /** Why it could not go on. */
  failure: unknown;

  private constructor(publisher: RtmpPublisher) {
    this.#publisher = publisher;
    const start = performance.now();
    this.#timer = setInterval(() => {
      while (this.#sent * FRAME_MS < performance.now() - start) {
        const timestamp = Math.round(this.#sent++ * FRAME_MS);
        publisher.sendFrame(SILENCE, timestamp).catch((error) => this.failure ??= error);
      }
    }, 100);
  }

  static async start({ authority, ports }: SecureServer, name: string): Promise<SecureDj> {
    const caCerts = [authority.root];
    const conn = await Deno.connectTls({ hostname: "localhost", port: ports.rtmps, caCerts });
    const publisher = await RtmpPublisher.over(conn, { app: "live" });
    await publisher.publish(name);
    await publisher.sendConfig(CONFIG);
    return new SecureDj(publisher);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#publisher.vanish();
  }
}

/** A listener that asks for a playlist again and again on one connection, until its disposal. */
export class SecureListener implements AsyncDisposable {
  readonly #conn: Deno.TlsConn;
  readonly #ask: (count: number) => Uint8Array;
  readonly #running: Promise<void>;
  #isOver = false;
  /** Answers that came. */
  answers = 0;
  /** Why it could not go on. */
  failure: unknown;

  private constructor(conn: Deno.TlsConn, ask: (count: number) => Uint8Array, isHttp2: boolean) {
    this.#conn = conn;
    this.#ask = ask;
    this.#running = this.#run(isHttp2).catch((error) => {
      if (!this.#isOver) this.failure = error;
    });
  }

  static async start(
    { authority, ports }: SecureServer,
    name: string,
    version: "h2" | "http/1.1",
  ): Promise<SecureListener> {
    const conn = await Deno.connectTls({
      ...{ hostname: "localhost", port: ports.hls, caCerts: [authority.root] },
      alpnProtocols: [version],
    });
    const { alpnProtocol } = await conn.handshake();
    if (alpnProtocol !== version) throw new Error(`${version} is not spoken: ${alpnProtocol}`);
    const path = `/cast/${name}/playlist.m3u8`;
    const fields = [
      ...[[":method", "GET"], [":scheme", "https"], [":path", path], [":authority", "localhost"]],
    ] as [string, string][];
    const text = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const ask = (count: number) => {
      if (version === "http/1.1") return text;
      const asked = request(2 * count + 1, { fields });
      return count === 0 ? Uint8Array.of(...beginning([[0x4, 0x7fff_ffff]]), ...asked) : asked;
    };
    return new SecureListener(conn, ask, version === "h2");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#conn.close();
    await this.#running;
  }

  async #run(isHttp2: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    for (; !this.#isOver; this.answers++) {
      await this.#conn.write(this.#ask(this.answers));
      let got = new Uint8Array();
      while (!(isHttp2 ? isWhole2(got, 2 * this.answers + 1) : isWhole1(got))) {
        const count = await this.#conn.read(buffer);
        if (count === null) throw new Error("the server has closed the connection");
        got = Uint8Array.of(...got, ...buffer.subarray(0, count));
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

function isWhole1(bytes: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(bytes);
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return false;
  if (!/^HTTP\/1\.1 200 /.test(text)) throw new Error(`refused: ${text.slice(0, 100)}`);
  const [, length = "0"] = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head)) ?? [];
  return bytes.length >= head + 4 + Number(length);
}

function isWhole2(bytes: Uint8Array, streamId: number): boolean {
  const own = framesIn(bytes).filter((frame) => frame.streamId === streamId);
  if (own.some(({ type }) => type === 3)) throw new Error("the server has reset the request");
  return own.some(({ type, flags }) => type === 0 && (flags & 1) === 1);
}
