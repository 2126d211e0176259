/** How many listen, to each name and to all. */
export interface Audience {
  readonly total: number;
  /** The names that somebody listens to. */
  byName(): Iterable<readonly [name: string, listeners: number]>;
}
