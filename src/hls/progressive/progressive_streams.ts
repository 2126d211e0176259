/**
 * The endless streams of all broadcasts, and which threads are told of them.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../session/clock.ts";
import type { StateNeed } from "../../session/continuity.ts";
import type { FrameSink } from "../../session/frame_sink.ts";
import type { Session } from "../../session/session.ts";
import { LiveStream, type StreamReader } from "./live_stream.ts";
import type { RecentAudio } from "./recent_audio.ts";
import type { NamedChunks, NamedStream, StreamNews, StreamRequest } from "./stream_messages.ts";
import { StreamSink } from "./stream_sink.ts";

export interface ProgressiveStreamsOptions {
  readonly clock: Clock;
  /** Where the last seconds of a broadcast are; `undefined` where there are none. */
  readonly recent: (name: string) => RecentAudio | undefined;
}

/** Takes news, and memory in it that is the receiver's from now on. */
export type TellStreams = (news: StreamNews, transfer: ArrayBuffer[]) => void;

/** A thread with listeners, as those see it who tell it of endless streams. */
export type StreamSubscription = Pick<StreamSubscriber, "take" | "took" | "close">;

/** Where endless streams come from. */
export interface StreamSource {
  /** Tells a thread which streams there are, and what is new of those to which it subscribes. */
  connect(tell: TellStreams): StreamSubscription;
  /** What the stream of a broadcast is called; `undefined` where there is none. */
  fileOf(name: string): string | undefined;
}

/** Makes the endless streams of the broadcasts of this process. */
export class ProgressiveStreams implements StreamSource {
  readonly #options: ProgressiveStreamsOptions;
  readonly #streams = new Map<string, Sent>();
  readonly #subscribers = new Set<StreamSubscriber>();
  /** While something is told. */
  #timer: Timer | undefined;

  constructor(options: ProgressiveStreamsOptions) {
    this.#options = options;
  }

  /** Takes a session's frames. */
  readonly output = (session: Session, stateNeed: StateNeed): FrameSink => {
    const { name, id } = session;
    return new StreamSink({
      ...{ clock: this.#options.clock, stateNeed },
      begin: (form, config, sink) => {
        const before = this.#streams.get(name);
        before?.sink.leave();
        const goesOn = before?.stream.form === form ? before.stream : undefined;
        goesOn?.configure(config);
        goesOn?.entitle(UNKNOWN);
        if (before !== undefined && goesOn === undefined) this.#end(name, before);
        const stream = goesOn ?? new LiveStream(form, config, () => this.#options.recent(name));
        this.#streams.set(name, { id, stream, sink });
        if (goesOn === undefined) this.#tellAll({ kind: "streams", streams: [{ name, ...form }] });
        return stream;
      },
      end: (sink) => {
        const sent = this.#streams.get(name);
        if (sent?.sink === sink) this.#end(name, sent);
      },
    });
  };

  /** What the streams of all broadcasts are called. */
  get all(): readonly NamedStream[] {
    return [...this.#streams].map(([name, { stream }]) => ({ name, file: stream.form.file }));
  }

  /** What the stream of a broadcast is called; `undefined` where there is none. */
  fileOf(name: string): string | undefined {
    return this.#streams.get(name)?.stream.form.file;
  }

  /** Ends the stream that the session `id` left a moment ago, and that waits for its return. */
  endNow(name: string, id: number): void {
    const sent = this.#streams.get(name);
    if (sent?.id === id) sent.sink.end();
  }

  /** Tells a thread which streams there are, and what is new of those to which it subscribes. */
  connect(tell: TellStreams): StreamSubscriber {
    const subscriber: StreamSubscriber = new StreamSubscriber(tell, {
      find: (name) => this.#streams.get(name)?.stream,
      onSubscribed: () => this.#timer ??= this.#options.clock.every(TELL_MS, () => this.#flush()),
      onClose: () => this.#subscribers.delete(subscriber),
    });
    this.#subscribers.add(subscriber);
    const { all } = this;
    if (all.length > 0) tell({ kind: "streams", streams: all }, []);
    return subscriber;
  }

  /** Tells nothing any more. */
  close(): void {
    this.#timer?.cancel();
    for (const subscriber of this.#subscribers) subscriber.close();
  }

  #end(name: string, { stream }: Sent): void {
    stream.flush();
    this.#streams.delete(name);
    for (const subscriber of this.#subscribers) subscriber.end(name, stream);
  }

  #tellAll(news: StreamNews): void {
    for (const { tell } of this.#subscribers) tell(news, []);
  }

  #flush(): void {
    let isAnyHeard = false;
    for (const { stream } of this.#streams.values()) {
      stream.flush();
      isAnyHeard ||= stream.isHeard;
    }
    for (const subscriber of this.#subscribers) subscriber.flush();
    if (isAnyHeard) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** A stream, and who writes it. */
interface Sent {
  /** That of the session. */
  readonly id: number;
  readonly stream: LiveStream;
  readonly sink: StreamSink;
}

interface StreamSubscriberOptions {
  readonly find: (name: string) => LiveStream | undefined;
  readonly onSubscribed: () => void;
  readonly onClose: () => void;
}

/** A thread with listeners, as those see it who make the streams. */
export class StreamSubscriber {
  readonly tell: TellStreams;
  readonly #options: StreamSubscriberOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  /** What is told with the next message. */
  #chunks: NamedChunks[] = [];
  /** Bytes that were sent … */
  #sent = 0;
  /** … and those that the thread has taken. */
  #taken = 0;

  /** Use {@link ProgressiveStreams.connect}. */
  constructor(tell: TellStreams, options: StreamSubscriberOptions) {
    this.tell = tell;
    this.#options = options;
  }

  /** What the thread asks for. */
  take({ kind, name, id }: StreamRequest): void {
    if (kind === "subscribe") this.#subscribe(name, id);
    else if (this.#subscriptions.get(name)?.id === id) this.#unsubscribe(name);
  }

  /** The thread has taken so many bytes so far: {@link StreamCopies.takenBytes}. */
  took(bytes: number): void {
    this.#taken = bytes;
  }

  /** The thread is gone. */
  close(): void {
    for (const name of [...this.#subscriptions.keys()]) this.#unsubscribe(name);
    this.#options.onClose();
  }

  /** A stream is over. */
  end(name: string, stream: LiveStream): void {
    this.flush();
    if (this.#subscriptions.get(name)?.stream === stream) this.#unsubscribe(name);
    this.tell({ kind: "over", name }, []);
  }

  /** Tells what there is to tell, in one message. */
  flush(): void {
    const chunks = this.#chunks.splice(0);
    if (chunks.length === 0) return;
    const transfer = chunks.flatMap(({ chunks }) => chunks.map(({ bytes }) => bytes.buffer));
    for (const { byteLength } of transfer) this.#sent += byteLength;
    this.tell({ kind: "chunks", chunks }, transfer);
    if (this.#sent - this.#taken > MAX_UNTAKEN) this.#fallBehind();
  }

  #subscribe(name: string, id: number): void {
    const stream = this.#options.find(name);
    // It may have gone while the question was on its way.
    if (stream === undefined) return this.tell({ kind: "over", name }, []);
    this.#unsubscribe(name);
    const reader: StreamReader = {
      take: (chunks) => {
        const copies = chunks.map((chunk) => ({ ...chunk, bytes: chunk.bytes.slice() }));
        this.#chunks.push({ name, id, chunks: copies });
      },
    };
    this.#subscriptions.set(name, { id, stream, reader });
    this.#options.onSubscribed();
    stream.add(reader).then(() => this.flush()).catch((error) => {
      logger.fatal("A bug, please report it: {error}", { error });
    });
  }

  #unsubscribe(name: string): void {
    const { stream, reader } = this.#subscriptions.get(name) ?? {};
    if (reader !== undefined) stream?.delete(reader);
    this.#subscriptions.delete(name);
  }

  /** No more is held of a thread that does not keep up. */
  #fallBehind(): void {
    for (const name of [...this.#subscriptions.keys()]) this.#unsubscribe(name);
    this.tell({ kind: "behind" }, []);
  }
}

interface Subscription {
  readonly id: number;
  readonly stream: LiveStream;
  readonly reader: StreamReader;
}

const UNKNOWN = { title: undefined, artist: undefined };
/** How often a thread is told what is new. */
const TELL_MS = 200;
/** Some seconds of a thousand broadcasts. */
const MAX_UNTAKEN = 64 * 2 ** 20;

const logger = getLogger(["echo", "hls"]);
