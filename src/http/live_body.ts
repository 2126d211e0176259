/** A body that is made while it is sent, and that many clients get: an endless stream. */

/** What one client is sent of it, from the place where that client is. */
export interface LiveSource {
  /**
   * What is to be sent next. Other clients are sent the same memory, and it does not change.
   * @returns empty where nothing is there now; `undefined` where nothing follows, or after
   *   {@link leave}
   */
  next(): Uint8Array | undefined;
  /** So many bytes of what {@link next} gave are sent. */
  sent(bytes: number): void;
  /** Has `tell` called whenever {@link next} may give something else. */
  onMore(tell: () => void): void;
  /** The client takes nothing more. */
  leave(): void;
}

/** The body of such an answer. Whoever can send from memory that is shared takes its source. */
export class LiveBody extends ReadableStream<Uint8Array<ArrayBufferLike>> {
  readonly source: LiveSource;

  constructor(source: LiveSource) {
    let wake = () => {};
    super({
      start: () => source.onMore(() => wake()),
      pull: async (controller) => {
        for (;;) {
          const bytes = source.next();
          if (bytes === undefined) return controller.close();
          if (bytes.length > 0) {
            source.sent(bytes.length);
            return controller.enqueue(bytes);
          }
          await new Promise<void>((resolve) => wake = resolve);
        }
      },
      cancel: () => source.leave(),
    }, { highWaterMark: 0 });
    this.source = source;
  }
}
