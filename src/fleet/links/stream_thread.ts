/** A thread with listeners, as it is told of the endless streams of this box and of others. */
import type {
  StreamSource,
  StreamSubscription,
  TellStreams,
} from "../../hls/progressive/progressive_streams.ts";
import type {
  NamedChunks,
  NamedStream,
  StreamNews,
  StreamRequest,
} from "../../hls/progressive/stream_messages.ts";
import type { StreamChunk } from "../../hls/progressive/stream_writer.ts";

export interface StreamThreadOptions {
  /** Takes a request for a stream of another box. @returns whether it is one */
  readonly take: (request: StreamRequest) => boolean;
  /** A stream of this box is over. */
  readonly onOver: (name: string) => void;
  /** It does not keep up: it hears nothing of other boxes any more. */
  readonly onBehind: () => void;
  readonly onClose: () => void;
}

/** Tells one thread. */
export class StreamThread implements StreamSubscription {
  readonly #tell: TellStreams;
  readonly #options: StreamThreadOptions;
  readonly #own: StreamSubscription;
  #chunks: NamedChunks[] = [];
  /** Bytes of other boxes that were sent. */
  #sent = 0;
  /** Bytes of this box that were sent. */
  #sentOwn = 0;
  /** Bytes of both that it has taken. */
  #taken = 0;

  constructor(tell: TellStreams, own: StreamSource, options: StreamThreadOptions) {
    this.#tell = tell;
    this.#options = options;
    this.#own = own.connect((news, transfer) => {
      this.#sentOwn += lengthOf(transfer);
      tell(news, transfer);
      if (news.kind === "over") options.onOver(news.name);
    });
  }

  take(request: StreamRequest): void {
    if (!this.#options.take(request)) this.#own.take(request);
  }

  took(bytes: number): void {
    this.#taken = bytes;
    // What others have sent counts for the bound of what this box sends.
    this.#own.took(this.#sentOwn - this.#untaken);
  }

  /** It hears a stream that was another box's, and is this one's now. */
  takeOwn(name: string, id: number): void {
    this.#own.take({ kind: "subscribe", name, id });
  }

  close(): void {
    this.#own.close();
    this.#options.onClose();
  }

  /** There is this stream at another box. */
  tellStream(stream: NamedStream): void {
    this.#send({ kind: "streams", streams: [stream] });
  }

  /** A stream of another box is over. */
  tellOver(name: string): void {
    this.#send({ kind: "over", name });
  }

  /** The next chunks of a stream. They go with {@link flush}. */
  tellChunks(name: string, id: number, chunks: readonly StreamChunk[]): void {
    if (chunks.length === 0) return;
    const copies = chunks.map((chunk) => ({ ...chunk, bytes: chunk.bytes.slice() }));
    this.#chunks.push({ name, id, chunks: copies });
  }

  flush(): void {
    const chunks = this.#chunks.splice(0);
    if (chunks.length > 0) this.#send({ kind: "chunks", chunks });
    if (this.#untaken <= MAX_UNTAKEN) return;
    this.#options.onBehind();
    this.#send({ kind: "behind" });
  }

  get #untaken(): number {
    return this.#sent + this.#sentOwn - this.#taken;
  }

  #send(news: StreamNews): void {
    const transfer = news.kind === "chunks"
      ? news.chunks.flatMap(({ chunks }) => chunks.map(({ bytes }) => bytes.buffer))
      : [];
    this.#sent += lengthOf(transfer);
    this.#tell(news, transfer);
  }
}

/** As much as is held of this box's own streams. */
const MAX_UNTAKEN = 64 * 2 ** 20;

function lengthOf(memory: readonly ArrayBuffer[]): number {
  return memory.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
