/**
 * The body of an answer, read as it is sent.
 *
 * @module
 */
/** So many steps of promises a body that is there whole may take to end; it takes half of them. */
const MAX_STEPS = 16;

/** The body of an answer, piece by piece. */
export class BodyPieces {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Those that are read already, in their order. */
  readonly #ahead: Promise<Uint8Array | undefined>[] = [];

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** `undefined` at its end. @throws what the body does */
  next(): Promise<Uint8Array | undefined> {
    return this.#ahead.shift() ?? this.#read();
  }

  /**
   * All of it, where it is one piece that is there already.
   * @returns `undefined` where there is more, or it has to be waited for
   */
  async whole(): Promise<Uint8Array | undefined> {
    const first = this.#read();
    this.#ahead.push(first);
    const piece = await first;
    if (piece === undefined) return new Uint8Array();
    let second: { readonly piece: Uint8Array | undefined } | undefined;
    const ahead = this.#read().then((piece) => (second = { piece }).piece);
    // Where it fails, `next` tells.
    ahead.catch(() => undefined);
    this.#ahead.push(ahead);
    for (let step = 0; step < MAX_STEPS && second === undefined; step++) await undefined;
    return second !== undefined && second.piece === undefined ? piece : undefined;
  }

  /** Whoever makes it need not go on. */
  cancel(): void {
    // It may have failed already; whoever reads it is told.
    this.#reader.cancel().catch(() => undefined);
  }

  async #read(): Promise<Uint8Array | undefined> {
    return (await this.#reader.read()).value;
  }
}
