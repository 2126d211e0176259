/**
 * Answers that are made once and sent to everybody who asks for the same.
 *
 * @module
 */
import type { MemoryFile, SystemSockets } from "../listening/system_socket.ts";
import type { RequestHead } from "./request_head.ts";
import { responseHead } from "./response_head.ts";

/**
 * Told of each answer that is sent without asking the handler.
 * @param client the address that counts, as `ConnectionInfo` has it
 * @param agent what the client says it is; empty where it says nothing
 */
export type AnswerObserver = (client: string, agent: string) => void;

/** What is answered in the same way to everybody, as long as it stays the same. */
export interface SharedContents {
  /**
   * What a GET of `target`, as it stands in the request, is answered with now: the same object for
   * as long as that stays the same. `undefined` where the handler has to be asked.
   * @param encodings the request's Accept-Encoding; empty where it has none
   */
  find(target: string, encodings: string): object | undefined;
  /**
   * Waits for what a GET of `target` asks for, where that is to come.
   * @returns resolves once it is there, or will not be; `undefined` where nobody waits for it
   */
  coming?(target: string, waiting: AnswerWait): Promise<unknown> | undefined;
  /** The body of an answer with `contents`, whose bytes do not change. */
  bodyOf(contents: object): Uint8Array;
  /** Whom to tell of answers to `target`. */
  observerOf(target: string): AnswerObserver;
  /** Whether a request with these fields may be answered so; each may by default. */
  admits?(head: Pick<RequestHead, "fields">): boolean;
  /** Header fields, in lower case, by which the answer to one client differs from another's. */
  readonly selecting: ReadonlySet<string>;
}

/** A wait for an answer: whose it is, and until when. */
export interface AnswerWait {
  /** The address that counts, as `ConnectionInfo` has it. */
  readonly client: string;
  /** Gives what is aborted when the client leaves. */
  readonly signal: () => AbortSignal;
}

/** A request whose answer may be prepared. */
export interface PlainRequest {
  readonly target: string;
  /** Its Accept-Encoding; empty where it has none. */
  readonly encodings: string;
  /** What it is about to be answered with. */
  readonly contents: object;
}

/** The answer is made: whoever waits for the same is next. */
export type EndTurn = () => void;

/** Head and body of an answer as they go over the wire, and whom to tell that they do. */
export class PreparedAnswer {
  readonly observe: AnswerObserver;
  /** The body once more, where it is large. */
  readonly bodyFile: MemoryFile | undefined;
  /** As HTTP/1 has it, with a `date` that is past. */
  readonly head: string;
  readonly body: Uint8Array;
  readonly #dateAt: number;
  #bytes: Uint8Array;
  #date: string;
  /** How many write {@link #bytes} now. */
  #writing = 0;

  /** @param head has `date` in it */
  constructor(
    head: string,
    body: Uint8Array,
    date: string,
    observe: AnswerObserver,
    bodyFile: MemoryFile | undefined,
  ) {
    this.observe = observe;
    this.bodyFile = bodyFile;
    this.head = head;
    this.body = body;
    this.#date = date;
    this.#dateAt = head.indexOf(`\r\ndate: ${date}\r\n`) + "\r\ndate: ".length;
    this.#bytes = new Uint8Array(head.length + body.length);
    encoder.encodeInto(head, this.#bytes);
    this.#bytes.set(body, head.length);
  }

  /** The bytes to write, which say that it is `date`; to be given back. */
  take(date: string): Uint8Array {
    if (date !== this.#date) this.#setDate(date);
    this.#writing++;
    return this.#bytes;
  }

  /** What {@link take} gave is written. */
  giveBack(bytes: Uint8Array): void {
    if (bytes === this.#bytes) this.#writing--;
  }

  /** What somebody still writes must not change. */
  #setDate(date: string): void {
    if (this.#writing > 0) this.#bytes = this.#bytes.slice();
    this.#writing = 0;
    this.#date = date;
    encoder.encodeInto(date, this.#bytes.subarray(this.#dateAt));
  }
}

/**
 * Remembers what the handler answered to requests that ask for nothing in particular, by what it
 * answered with. So what it answers has no second place where it is made.
 */
export class PreparedAnswers {
  readonly #contents: SharedContents;
  readonly #sockets: SystemSockets | undefined;
  /** Whose answer nobody asks for any more. */
  readonly #files = new FinalizationRegistry<MemoryFile>((file) => this.#sockets?.removeFile(file));
  /** By contents. What was asked for once only may be worth nothing to anybody else. */
  readonly #answers = new WeakMap<object, PreparedAnswer | "asked for once">();
  /** By contents: those who have waited for them, and whose answers the handler makes now. */
  readonly #turns = new WeakMap<object, PromiseWithResolvers<void>>();

  constructor(contents: SharedContents, sockets: SystemSockets | undefined) {
    this.#contents = contents;
    this.#sockets = sockets;
  }

  /** What was prepared for `target`, where that is still the answer. */
  find(target: string, encodings: string): PreparedAnswer | undefined {
    const contents = this.#contents.find(target, encodings);
    const answer = contents === undefined ? undefined : this.#answers.get(contents);
    return answer === "asked for once" ? undefined : answer;
  }

  /**
   * Waits for what is to come, as {@link SharedContents.coming}. Where it has come for many, the
   * handler makes one answer after the other until there is a prepared one.
   * @param encodings as {@link find}
   * @returns resolves with what has to be called once the request is answered
   */
  coming(
    target: string,
    encodings: string,
    waiting: AnswerWait,
  ): Promise<EndTurn> | undefined {
    return this.#contents.coming?.(target, waiting)?.then(() => this.turn(target, encodings));
  }

  /**
   * Waits until there is a prepared answer, or the handler has made those that others wait for.
   * @returns what has to be called once the request is answered
   */
  async turn(target: string, encodings: string): Promise<EndTurn> {
    for (;;) {
      const contents = this.#contents.find(target, encodings);
      if (contents === undefined || this.find(target, encodings) !== undefined) return () => {};
      const others = this.#turns.get(contents);
      if (others === undefined) {
        const turn = Promise.withResolvers<void>();
        this.#turns.set(contents, turn);
        return () => this.#endTurn(contents, turn);
      }
      await others.promise;
    }
  }

  #endTurn(contents: object, turn = this.#turns.get(contents)): void {
    turn?.resolve();
    if (this.#turns.get(contents) === turn) this.#turns.delete(contents);
  }

  /** Whether the answer depends on the target of the request alone. */
  isPlain(head: RequestHead): boolean {
    const { method, minor, target, body, keepAlive, expectsContinue, fields } = head;
    return method === "GET" && minor === 1 && target.startsWith("/") && body === 0 && keepAlive &&
      !expectsContinue &&
      !fields.some(([name]) => this.#contents.selecting.has(name.toLowerCase())) &&
      this.#contents.admits?.(head) !== false;
  }

  /** What the handler is about to answer a plain request for `target` with; see {@link keep}. */
  contentsOf(target: string, encodings: string): object | undefined {
    return this.#contents.find(target, encodings);
  }

  /**
   * Keeps the answer to the second plain request for the same, which is about to be sent.
   * @param request with what {@link contentsOf} gave before the handler was asked
   */
  keep(request: PlainRequest, response: Response, date: string): void {
    this.#keep(request, response, date);
    this.#endTurn(request.contents);
  }

  #keep({ target, encodings, contents }: PlainRequest, response: Response, date: string): void {
    if (response.status !== 200 || this.#contents.find(target, encodings) !== contents) return;
    const before = this.#answers.get(contents);
    if (before === undefined) return void this.#answers.set(contents, "asked for once");
    // Several may have asked before the first of them was answered.
    if (before !== "asked for once") return;
    const body = this.#contents.bodyOf(contents);
    const { headers } = response;
    if (headers.get("Content-Length") !== `${body.length}` || headers.has("Set-Cookie")) return;
    const head = responseHead(response, { framing: body.length, connection: undefined, date });
    if (!isAscii(head) || !head.includes(`\r\ndate: ${date}\r\n`)) return;
    const observe = this.#contents.observerOf(target);
    const file = body.length < LARGE ? undefined : this.#sockets?.memoryFile(body);
    const answer = new PreparedAnswer(head, body, date, observe, file);
    this.#answers.set(contents, answer);
    if (file !== undefined) this.#files.register(answer, file);
  }
}

function isAscii(text: string): boolean {
  return /^[\r\n\x20-\x7e]*$/.test(text);
}

/** From here on, to copy a body costs more than another system call. */
const LARGE = 8192;

const encoder = new TextEncoder();
