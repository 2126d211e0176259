/** An encoder that reconnects where its server asks it to (Enhanced RTMP v2, Reconnect Request). */
import { PublishFailed, RtmpPublisher } from "../rtmp/rtmp_publisher.ts";
import { pauseUnless } from "./pause_unless.ts";
import { ASC, FRAME, FRAME_MS } from "./rtmp_crowd.ts";

const RECONNECT = 1;
const TICK_MS = 100;

/** Publishes in real time until its disposal. */
export class RovingPublisher implements AsyncDisposable {
  /** Where it was asked to go, in order. */
  readonly requests: URL[] = [];
  readonly #streamName: string;
  readonly #disposed = new AbortController();
  readonly #startedAt = performance.now();
  #frames = 0;
  #running: Promise<void> | undefined;

  private constructor(streamName: string) {
    this.#streamName = streamName;
  }

  /** @param url of host and application; `streamName` is published there, and wherever it goes */
  static async start(url: URL, streamName: string): Promise<RovingPublisher> {
    const roving = new RovingPublisher(streamName);
    roving.#running = roving.#run(await roving.#connect(url));
    return roving;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    await this.#running;
  }

  async #connect(url: URL): Promise<RtmpPublisher> {
    const publisher = await RtmpPublisher.connect({
      ...{ hostname: url.hostname, port: Number(url.port || 1935), app: url.pathname.slice(1) },
      properties: { capsEx: RECONNECT },
    });
    await publisher.publish(this.#streamName);
    await publisher.sendConfig(ASC, this.#timestamp);
    return publisher;
  }

  /** The new connection is there before the old one is let go. */
  async #run(first: RtmpPublisher): Promise<void> {
    const { signal } = this.#disposed;
    let publisher = first;
    let next = requestOf(publisher);
    while (!signal.aborted) {
      const url = next.found;
      if (url !== undefined) {
        this.requests.push(url);
        const other = await this.#connect(url);
        await publisher.finish();
        publisher = other;
        next = requestOf(publisher);
      }
      const due = (performance.now() - this.#startedAt) / FRAME_MS;
      for (; this.#frames < due; this.#frames++) {
        await publisher.sendFrame(FRAME, this.#timestamp);
      }
      await pauseUnless(signal, TICK_MS);
    }
    await publisher.vanish();
  }

  get #timestamp(): number {
    return Math.round(this.#frames * FRAME_MS);
  }
}

/** What a connection is asked; nothing where it ends before. */
function requestOf(publisher: RtmpPublisher): { found: URL | undefined } {
  const request: { found: URL | undefined } = { found: undefined };
  publisher.reconnectRequest().then((url) => request.found = url, (error) => {
    if (!(error instanceof PublishFailed)) throw error;
  });
  return request;
}
