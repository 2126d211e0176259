/** An RTMP encoder that does what it is told, over a real connection. */
import { type AmfObject, isAmfObject } from "../../src/rtmp/amf_value.ts";
import { unreadBytes } from "../listening/unread_bytes.ts";
import {
  type Answer,
  AnswerReader,
  clientHello,
  EncoderMessages,
  HANDSHAKE_SIZE,
} from "./encoder_messages.ts";

/** Enhanced RTMP v2, Reconnect Request. */
const RECONNECT_REQUEST = "NetConnection.Connect.ReconnectRequest";

/** The server answered a command with an error, or hung up; `code` is RTMP's where there was one. */
export class PublishFailed extends Error {
  override readonly name = "PublishFailed";
  constructor(readonly code: string | undefined, message: string) {
    super(message);
  }
}

export interface RtmpPublisherOptions {
  readonly hostname: string;
  readonly port: number;
  /** What stands behind the host in the URL, such as `live`. */
  readonly app: string;
  /** What is set before anything is published. Default: 4096. */
  readonly chunkSize?: number;
  /** More of what it says of itself in `connect`. */
  readonly properties?: AmfObject;
}

/** An encoder by script: connects, publishes, sends what it is told, ends as it is told. */
export class RtmpPublisher {
  readonly messages = new EncoderMessages();
  readonly #conn: Deno.TcpConn | Deno.TlsConn;
  readonly #answers: Answer[] = [];
  readonly #reading: Promise<void>;
  #onChange = () => {};
  #ended = false;
  #handshakeLeft = 1 + 2 * HANDSHAKE_SIZE;

  private constructor(conn: Deno.TcpConn | Deno.TlsConn) {
    this.#conn = conn;
    if ("setNoDelay" in conn) conn.setNoDelay(true);
    this.#reading = this.#read();
  }

  /** Opens the connection, shakes hands and gets through `connect`. @throws {PublishFailed} */
  static async connect(options: RtmpPublisherOptions): Promise<RtmpPublisher> {
    const { hostname, port } = options;
    return await RtmpPublisher.over(await Deno.connect({ hostname, port }), options);
  }

  /** The same over a connection that is open. */
  static async over(
    conn: Deno.TcpConn | Deno.TlsConn,
    { app, chunkSize = 4096, properties }: Omit<RtmpPublisherOptions, "hostname" | "port">,
  ): Promise<RtmpPublisher> {
    const publisher = new RtmpPublisher(conn);
    try {
      const hello = clientHello();
      await publisher.send(hello);
      await publisher.#until(() => publisher.#handshakeLeft === 0);
      await publisher.send(hello.subarray(1));
      await publisher.send(publisher.messages.chunkSize(chunkSize));
      await publisher.send(publisher.messages.connect(app, properties));
      await publisher.#answerTo(1);
      return publisher;
    } catch (error) {
      await publisher.vanish();
      throw error;
    }
  }

  /** Creates a stream and publishes on it. @throws {PublishFailed} refused, or hung up on */
  async publish(streamName: string): Promise<void> {
    await this.send(this.messages.createStream());
    await this.#answerTo(4);
    await this.send(this.messages.publish(streamName));
    await this.status("NetStream.Publish.Start");
  }

  async sendConfig(asc: Uint8Array, timestamp = 0): Promise<void> {
    await this.send(this.messages.config(asc, timestamp));
  }

  async sendFrame(data: Uint8Array, timestamp: number): Promise<void> {
    await this.send(this.messages.frame(data, timestamp));
  }

  /** Sends bytes as they are. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  /** How many bytes of what it has sent the server has not read. */
  get unreadBytes(): number {
    return unreadBytes(this.#conn);
  }

  /** Waits for the status `code`. @throws {PublishFailed} another one of level error, or the end */
  async status(code: string): Promise<void> {
    await this.#until(() =>
      this.#statuses().some((status) => {
        if (status.level === "error") throw failure(status);
        return status.code === code;
      })
    );
  }

  /** Waits until it is asked to reconnect. @returns where */
  async reconnectRequest(): Promise<URL> {
    const found = () => this.#statuses().find(({ code }) => code === RECONNECT_REQUEST);
    await this.#until(() => found() !== undefined);
    return new URL(String(found()?.tcUrl));
  }

  /** Ends as encoders do, and closes; the server may have closed the connection already. */
  async finish(): Promise<void> {
    const { BadResource, BrokenPipe, ConnectionReset } = Deno.errors;
    try {
      await this.send(this.messages.command(["FCUnpublish", 6, null, ""]));
      await this.send(this.messages.command(["deleteStream", 7, null, 1]));
    } catch (error) {
      if (![BadResource, BrokenPipe, ConnectionReset].some((kind) => error instanceof kind)) {
        throw error;
      }
    }
    await this.vanish();
  }

  /** Closes the socket without a word. */
  async vanish(): Promise<void> {
    if (!this.#ended) this.#conn.close();
    await this.#reading;
  }

  /** Resolves when the server has closed the connection. */
  async ended(): Promise<void> {
    await this.#reading;
  }

  #statuses(): AmfObject[] {
    return this.#answers.filter(({ values }) => values[0] === "onStatus")
      .map(({ values }) => values[3]).filter(isAmfObject);
  }

  async #answerTo(transactionId: number): Promise<void> {
    const isAnswer = ({ values }: Answer) => values[0] === "_result" && values[1] === transactionId;
    await this.#until(() => this.#answers.some(isAnswer));
  }

  /** @throws {PublishFailed} the connection ended first */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#ended) throw new PublishFailed(undefined, "the server closed the connection");
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onChange = resolve;
      await promise;
    }
  }

  async #read(): Promise<void> {
    const reader = new AnswerReader((answer) => this.#answers.push(answer));
    const buffer = new Uint8Array(4096);
    try {
      for (let count; (count = await this.#conn.read(buffer)) !== null;) {
        const handshake = Math.min(count, this.#handshakeLeft);
        this.#handshakeLeft -= handshake;
        reader.feed(buffer.subarray(handshake, count));
        this.#onChange();
      }
      this.#conn.close();
    } catch (error) {
      // Closed here, or reset by the server: both are an end.
      const { BadResource, Interrupted, ConnectionReset } = Deno.errors;
      const ends = [BadResource, Interrupted, ConnectionReset];
      if (!ends.some((kind) => error instanceof kind)) throw error;
      if (error instanceof ConnectionReset) this.#conn.close();
    } finally {
      this.#ended = true;
      this.#onChange();
    }
  }
}

function failure(status: AmfObject): PublishFailed {
  return new PublishFailed(String(status.code), String(status.description));
}
