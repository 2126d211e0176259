/** How many listen, to each name and to all. */
export interface Audience {
  readonly total: number;
  /** Those of them who are sent an endless stream. */
  readonly streaming: number;
  /** The names that somebody listens to. */
  byName(): Iterable<readonly [name: string, listeners: number]>;
}
