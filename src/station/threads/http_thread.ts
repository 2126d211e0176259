/**
 * A thread that serves listeners, as the thread with the broadcasts sees it.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Distributor, Subscriber } from "../../hls/distributor.ts";
import type {
  StreamSource,
  StreamSubscription,
} from "../../hls/progressive/progressive_streams.ts";
import type { ThreadCounts } from "../../http/connection_limits.ts";
import type { Shows, ShowsSource, ShowStatus } from "../../pages/listener/shows.ts";
import type { ShowsQuestion } from "../../pages/listener/shows_copy.ts";
import type { Rewinds } from "../../record/rewind/rewinds.ts";
import type { ShowQuestion, ShowReply } from "../../record/rewind/show_news.ts";
import type { Clock } from "../../session/clock.ts";
import type { KeySource } from "../../tokens/key_set.ts";
import { requireDescriptors } from "./descriptors.ts";
import { type LendableSocket, LentSockets } from "./lent_sockets.ts";
import { answerElsewhere, type FilesElsewhere } from "./elsewhere_questions.ts";
import type {
  ElsewhereQuestion,
  FromThread,
  LoggedLine,
  LogLevels,
  Pulse,
  ThreadSettings,
  ToThread,
} from "./messages.ts";
import { pairOf, secureSettings, type SecureThread } from "./secure_thread.ts";

export interface HttpThreadOptions {
  readonly clock: Clock;
  readonly settings: Omit<ThreadSettings, "counts" | "levels" | "secure" | "keySet">;
  /** What tokens are checked with; `undefined` where none are needed. */
  readonly keys: KeySource | undefined;
  readonly distributor: Pick<Distributor, "connect">;
  /** `undefined` where there are none. */
  readonly streams?: Pick<StreamSource, "connect"> | undefined;
  readonly shows: ShowsSource & Pick<Shows, "watchEnds">;
  /** `undefined` where shows are not rewound. */
  readonly rewinds?: Pick<Rewinds, "news"> | undefined;
  /** What other boxes have; `undefined` where there are none. */
  readonly elsewhere?: FilesElsewhere | undefined;
  readonly counts: ThreadCounts;
  /** `undefined` where there is no TLS. */
  readonly secure?: SecureThread | undefined;
  /** What the log takes at the moment. */
  readonly levels: () => LogLevels;
  readonly onPulse: (pulse: Pulse) => void;
  readonly onLines: (lines: readonly LoggedLine[]) => void;
}

/** One thread. It may be started again each time that it has ended. */
export class HttpThread {
  readonly #options: HttpThreadOptions;
  readonly #listening = Promise.withResolvers<void>();
  #running: Running | undefined;
  /** The newest. */
  #pulse: Pulse | undefined;
  /** How often threads that have ended had listened again. */
  #earlierRestarts = 0;

  constructor(options: HttpThreadOptions) {
    this.#options = options;
    // Whoever starts it may not be interested.
    this.#listening.promise.catch(() => {});
  }

  /** Resolves when it listens for the first time; rejects where it ends before. */
  get listening(): Promise<void> {
    return this.#listening.promise;
  }

  /** Whether it serves listeners now. */
  get isServing(): boolean {
    const isWell = (this.#pulse?.problems.length ?? 0) === 0;
    return this.#running?.isListening === true && isWell;
  }

  /** What it has told of itself; `undefined` where it does not run, or only just. */
  get pulse(): Pulse | undefined {
    return this.#pulse;
  }

  /** How often it had to listen again by itself. */
  get restarts(): number {
    return this.#earlierRestarts + (this.#pulse?.restarts ?? 0);
  }

  /**
   * Starts it.
   * @param onEnd called once, when it has ended although nobody closed it
   * @throws {Error} where file descriptors are short, or the thread cannot be made
   */
  start(onEnd: (why: Error) => void): void {
    const { clock, settings, keys, counts, distributor, levels } = this.#options;
    requireDescriptors();
    using taken = new DisposableStack();
    const lentCounts = taken.adopt(counts.lend(), (lent) => counts.takeBack(lent));
    const secure = this.#options.secure && secureSettings(this.#options.secure, taken);
    const worker = taken.adopt(newWorker(), (worker) => worker.terminate());
    const send = (message: ToThread, transfer: ArrayBuffer[] = []) =>
      worker.postMessage(message, transfer);
    const now = { counts: lentCounts, levels: levels(), secure, keySet: keys?.keys?.text };
    send({ kind: "start", settings: { ...settings, ...now } });
    const subscriber = taken.adopt(
      distributor.connect((news, transfer) => send({ kind: "news", news }, transfer)),
      (subscriber) => subscriber.close(),
    );
    const streams = this.#options.streams && taken.adopt(
      this.#options.streams.connect((news, transfer) => send({ kind: "streams", news }, transfer)),
      (streams) => streams.close(),
    );
    taken.defer(this.#options.shows.watchEnds((shows) => send({ kind: "ended", shows })));
    const lent = taken.adopt(new LentSockets(clock, send), (lent) => lent.close());
    send({ kind: "listen" });
    const running: Running = {
      ...{ send, subscriber, streams, lent, onEnd },
      taken: taken.move(),
      closed: Promise.withResolvers<void>(),
      isListening: false,
      heardAt: clock.awake(),
    };
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => this.#take(running, data);
    worker.onerror = (event) => {
      // Otherwise the error would end the server.
      event.preventDefault();
      this.#end(running, event.message);
    };
    this.#running = running;
  }

  /** Has it send to a receiver that came by another door. @returns whether it does */
  lend(socket: LendableSocket): boolean {
    if (!this.isServing) return false;
    this.#running?.lent.lend(socket);
    return true;
  }

  /** How many such receivers it has. */
  get lent(): number {
    return this.#running?.lent.count ?? 0;
  }

  /** Ends it where it gives no sign of life; to be called now and then. */
  check(): void {
    const running = this.#running;
    if (running === undefined) return;
    const maxMs = running.isListening ? SILENT_MS : START_MS;
    if (this.#options.clock.waited(running.heardAt) < maxMs) return;
    this.#end(running, `its thread has given no sign of life for ${maxMs / 1000} s`);
  }

  /** Has it log what is of these levels. */
  log(levels: LogLevels): void {
    this.#running?.send({ kind: "log", levels });
  }

  /** Has new connections over TLS get the certificate of now. */
  renewCertificate(): void {
    const { secure } = this.#options;
    if (secure !== undefined) this.#running?.send({ kind: "certificate", pair: pairOf(secure) });
  }

  /** Has it check tokens with the keys that there are now. */
  tellKeys(): void {
    const keySet = this.#options.keys?.keys?.text;
    this.#running?.send({ kind: "keys", keySet });
  }

  /** Lets answers under way finish, for a moment, and ends it. */
  async close(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const timer = this.#options.clock.after(CLOSE_MS, running.closed.resolve);
    running.send({ kind: "close" });
    await running.closed.promise;
    timer.cancel();
    this.#stop(running);
  }

  #take(running: Running, message: FromThread): void {
    if (running !== this.#running) return;
    running.heardAt = this.#options.clock.awake();
    if (message.kind === "origin") running.subscriber.take(message.request);
    else if (message.kind === "streams") running.streams?.take(message.request);
    else if (message.kind === "receiver over") running.lent.takeBack(message.id);
    else if (message.kind === "pulse") this.#takePulse(running, message.pulse);
    else if (message.kind === "log") this.#write(running, message.lines);
    else if (message.kind === "shows") void this.#tellShows(running, message.questions);
    else if (message.kind === "keys") void this.#renewKeys();
    else if (message.kind === "elsewhere") void this.#read(running, message.question);
    else if (message.kind === "rewind") {
      const replies = message.questions.map((question) => this.#newsOf(question));
      running.send({ kind: "rewind", replies });
    } else if (message.kind === "listening") {
      running.isListening = true;
      this.#listening.resolve();
    } else if (message.kind === "failed") this.#end(running, message.why);
    else running.closed.resolve();
  }

  /** The thread asks nothing more until it has all answers, so there always is one. */
  async #tellShows({ send }: Running, questions: readonly ShowsQuestion[]): Promise<void> {
    const replies = await Promise.all(questions.map((question) => this.#statusesOf(question)));
    send({ kind: "shows", replies });
  }

  async #statusesOf(question: ShowsQuestion): Promise<readonly ShowStatus[]> {
    const { shows } = this.#options;
    try {
      return question === null ? await shows.current : [await shows.status(question)];
    } catch (error) {
      logger.fatal("A bug, please report it: {error}", { error });
      return [];
    }
  }

  async #read({ send }: Running, question: ElsewhereQuestion): Promise<void> {
    const answer = await answerElsewhere(this.#options.elsewhere, question);
    send({ kind: "elsewhere", answer }, answer.bytes === undefined ? [] : [answer.bytes.buffer]);
  }

  async #renewKeys(): Promise<void> {
    await this.#options.keys?.renew();
    this.tellKeys();
  }

  /** As above. */
  #newsOf(question: ShowQuestion): ShowReply {
    try {
      return this.#options.rewinds?.news(question);
    } catch (error) {
      logger.fatal("A bug, please report it: {error}", { error });
      return undefined;
    }
  }

  #write({ send }: Running, lines: readonly LoggedLine[]): void {
    try {
      this.#options.onLines(lines);
    } finally {
      send({ kind: "written" });
    }
  }

  #takePulse({ subscriber, streams }: Running, pulse: Pulse): void {
    subscriber.took(pulse.takenBytes);
    streams?.took(pulse.takenStreamBytes);
    this.#pulse = pulse;
    this.#options.onPulse(pulse);
  }

  #end(running: Running, why: string): void {
    if (running !== this.#running) return;
    this.#stop(running);
    const error = new Error(why);
    this.#listening.reject(error);
    running.onEnd(error);
  }

  #stop({ taken, closed }: Running): void {
    this.#running = undefined;
    this.#earlierRestarts += this.#pulse?.restarts ?? 0;
    this.#pulse = undefined;
    taken.dispose();
    closed.resolve();
  }
}

function newWorker(): Worker {
  return new Worker(new URL("./http_worker.ts", import.meta.url), { type: "module" });
}

/** A thread that runs. */
interface Running {
  readonly send: (message: ToThread, transfer?: ArrayBuffer[]) => void;
  readonly subscriber: Subscriber;
  readonly streams: StreamSubscription | undefined;
  readonly lent: LentSockets;
  /** What it has to give back. */
  readonly taken: DisposableStack;
  readonly onEnd: (why: Error) => void;
  readonly closed: PromiseWithResolvers<void>;
  isListening: boolean;
  /** When it sent something last, on `Clock.awake`. */
  heardAt: number;
}

/** A thread that says nothing for so long has ended, or goes round in circles. */
const SILENT_MS = 15_000;
/** How long it may take to start where the machine has much else to do. */
const START_MS = 60_000;
/** How long it may take to close. */
const CLOSE_MS = 1500;

const logger = getLogger(["echo", "hls"]);
