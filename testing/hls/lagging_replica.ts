/** A replica whose thread lags: what it is told comes when the test says so. */
import type { Hls } from "../../src/hls/hls.ts";
import { Replica } from "../../src/hls/replica.ts";
import type { ReplicaNews, ReplicaRequest } from "../../src/hls/replica_messages.ts";
import type { Clock } from "../../src/session/clock.ts";

/** Asks at once, and learns late. */
export class LaggingReplica extends Replica {
  /** All that it has asked so far. */
  readonly requests: ReplicaRequest[];
  /** What it was told, and has not got: the oldest first. */
  readonly #news: ReplicaNews[] = [];

  constructor({ hls, clock }: { readonly hls: Hls; readonly clock: Clock }) {
    const requests: ReplicaRequest[] = [];
    super({
      clock,
      readFile: () => Promise.resolve(undefined),
      ask: (request) => {
        requests.push(request);
        subscriber.take(request);
      },
    });
    this.requests = requests;
    const subscriber = hls.distributor.connect((news) => this.#news.push(news));
  }

  /** What it was told, by kind, and has not got. */
  get held(): readonly ReplicaNews["kind"][] {
    return this.#news.map(({ kind }) => kind);
  }

  /** It gets what it was told; with `count`, that much of it. */
  deliver(count = this.#news.length): void {
    for (const news of this.#news.splice(0, count)) this.take(news);
  }

  /** How often it has asked whether that is all. */
  get questions(): number {
    return this.requests.filter(({ kind }) => kind === "catchUp").length;
  }
}
