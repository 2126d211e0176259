/** How the server fared over the last hour. */

/** An hour of samples every 5 s. */
export const HISTORY_SAMPLES = 720;

/** How the server fared over some seconds. */
export interface Sample {
  /** When they ended, in milliseconds. */
  readonly at: number;
  /** Sessions that were on air. */
  readonly sessions: number;
  /** Audio that came in, in bits a second. */
  readonly bitrate: number;
  readonly listeners: number;
  /** Percent of one processor. */
  readonly cpu: number;
  /** Resident bytes. */
  readonly memory: number;
  /** How late the latest segment was listed, in milliseconds. */
  readonly lateness: number;
  /** How late the latest timer fired, in milliseconds. */
  readonly lag: number;
}

/** Samples by what they are of, each the oldest first: what plots are drawn from. */
export type Columns = { readonly [K in keyof Sample]: readonly number[] };

/** The last samples; the oldest goes when there are too many. */
export class History {
  readonly #capacity: number;
  readonly #samples: Sample[] = [];

  constructor(capacity: number = HISTORY_SAMPLES) {
    this.#capacity = capacity;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
    if (this.#samples.length > this.#capacity) this.#samples.shift();
  }

  /** Puts `samples`, the oldest first, before all that it has, as far as there is room. */
  prepend(samples: readonly Sample[]): void {
    const room = this.#capacity - this.#samples.length;
    if (room > 0) this.#samples.unshift(...samples.slice(-room));
  }

  get columns(): Columns {
    return columnsOf((field) => this.#samples.map((sample) => sample[field]));
  }
}

/** Columns, each from what `column` makes of its field. */
export function columnsOf(column: (field: keyof Sample) => readonly number[]): Columns {
  return {
    at: column("at"),
    sessions: column("sessions"),
    bitrate: column("bitrate"),
    listeners: column("listeners"),
    cpu: column("cpu"),
    memory: column("memory"),
    lateness: column("lateness"),
    lag: column("lag"),
  };
}

/** The same as samples. */
export function samplesOf(columns: Columns): Sample[] {
  return columns.at.map((at, i) => {
    const value = (field: keyof Sample) => columns[field][i] ?? 0;
    return {
      at,
      sessions: value("sessions"),
      bitrate: value("bitrate"),
      listeners: value("listeners"),
      cpu: value("cpu"),
      memory: value("memory"),
      lateness: value("lateness"),
      lag: value("lag"),
    };
  });
}
