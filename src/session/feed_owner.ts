/** Whose feed it is, for the log. */
export interface FeedOwner {
  readonly id: number;
  readonly name: string;
}
