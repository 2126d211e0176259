/** Programs that publish by SRT: the sample clients and srt-live-transmit. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { fileURLToPath } from "node:url";
import { Child } from "../child.ts";
import { until } from "../until.ts";
import type { EchoServer } from "./echo_server.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/", import.meta.url));

/** Builds the sample clients, which takes no time where that has been done. */
export async function buildSampleClients(): Promise<void> {
  await using build = new Child("bash", [`${SCRIPTS}test-build.sh`]);
  const { code } = await build.end();
  assert.equal(code, 0, build.output);
}

/** The port of `server`'s shared SRT listener. */
export function sharedPort(server: EchoServer): number {
  const line = server.log.find((line) => / SRT listens on /.test(line));
  return Number(/:(\d+)$/.exec(line ?? "")?.[1]);
}

/** Who publishes `name` to the shared listener of `server` says so in this URL. */
export function sharedUrl(server: EchoServer, streamId: string): string {
  return `srt://${server.host}:${sharedPort(server)}?streamid=${streamId}`;
}

/** The ids of the sessions of `name` that `server`'s log tells of. */
export function sessionIds(server: EchoServer, name: string): string[] {
  const ids = server.log.flatMap((line) => {
    return new RegExp(` ${name}#(\\d+) `).exec(line)?.[1] ?? [];
  });
  return [...new Set(ids)];
}

/** The sample client's script: publishes a file by control API and SRT, or RTMP with `-r`. */
export class SampleClient extends Child {
  constructor(server: EchoServer, ...args: readonly string[]) {
    const env = { ECHO_PORT: String(server.controlPort) };
    super("bash", [`${SCRIPTS}echo-client/echo-publish.sh`, ...args], { env });
  }
}

/** The sample client's sender: a message for each ADTS frame. */
export class SampleSender extends Child {
  /** @param streamId is needed on the shared port */
  constructor(file: string, port: number, streamId: string = "", passphrase: string = "") {
    const args = [file, "127.0.0.1", String(port), streamId];
    super(`${SCRIPTS}echo-client/build/echo-srt-send`, args, {
      env: { ECHO_SRT_PASSPHRASE: passphrase },
    });
  }
}

/** srt-live-transmit, which sends by SRT what FFmpeg sends to it by UDP. */
export class LiveTransmit implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(stack: AsyncDisposableStack) {
    this.#stack = stack;
  }

  /**
   * Connects to `url`, and begins to send then: what comes earlier the program throws away.
   * @param connected tells whether the server has let it in
   */
  static async start(file: string, url: string, connected: () => boolean): Promise<LiveTransmit> {
    await using stack = new AsyncDisposableStack();
    const udp = `udp://127.0.0.1:${await freeUdpPort()}`;
    stack.use(new Child("srt-live-transmit", ["-q", udp, url]));
    await until("srt-live-transmit is connected", connected);
    const copy = ["-re", "-i", file, "-c", "copy", "-f", "mpegts"];
    stack.use(new Child("ffmpeg", ["-nostdin", "-v", "error", ...copy, `${udp}?pkt_size=1316`]));
    return new LiveTransmit(stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
