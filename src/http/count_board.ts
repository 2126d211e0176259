/**
 * Numbers of connections that the threads of a process have in common: each thread writes its own,
 * and all threads read all of them.
 *
 * @module
 */

/** What may change while servers run. */
export interface LimitValues {
  /** Open connections of each server. */
  readonly maxConnections: number;
  /** Those of them that one address may have. */
  readonly maxPerAddress: number;
}

/**
 * Limits, and what there is against them. It has places; a place belongs to one thread of a server
 * at a time. Connections of an address are counted in two cells, by two hashes of it, that other
 * addresses may share: of both the lower one tells. So two addresses are taken for one only where
 * both cells are the same.
 */
export class CountBoard {
  /** The memory behind it, to be handed to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #limits: Float64Array<SharedArrayBuffer>;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #places: number;

  /** @param places how many there are, or the memory of another board */
  constructor(places: number | SharedArrayBuffer) {
    this.memory = typeof places === "number" ? newMemory(places) : places;
    this.#limits = new Float64Array(this.memory, 0, LIMITS);
    this.#cells = new Int32Array(this.memory, LIMITS * 8);
    this.#places = (this.#cells.length - HEAD_CELLS) / PLACE_CELLS;
  }

  get values(): LimitValues {
    const [maxConnections = 0, maxPerAddress = 0] = this.#limits;
    return { maxConnections, maxPerAddress };
  }

  set values({ maxConnections, maxPerAddress }: LimitValues) {
    this.#limits.set([maxConnections, maxPerAddress]);
  }

  /** Open connections of all servers together. */
  get maxTogether(): number {
    return this.#limits[2] ?? 0;
  }

  set maxTogether(most: number) {
    this.#limits[2] = most;
  }

  /**
   * Gives a place to a thread of a server: the one that nobody has had for the longest time, because
   * a thread that was ended may still be about to go.
   * @throws {RangeError} where all are taken
   */
  take(server: number): number {
    for (let i = 0; i < this.#places; i++) {
      const place = Atomics.add(this.#cells, NEXT_PLACE, 1) % this.#places;
      const at = startOf(place);
      if (Atomics.load(this.#cells, at) !== NOBODY) continue;
      this.#cells.fill(0, at, at + PLACE_CELLS);
      Atomics.store(this.#cells, at, server + 1);
      return place;
    }
    throw new RangeError(`Cannot count connections: all ${this.#places} places are taken`);
  }

  /** What was counted at `place` counts no more: its thread has ended. */
  giveBack(place: number): void {
    Atomics.store(this.#cells, startOf(place), NOBODY);
  }

  /** Open connections of one server, or of all. */
  connections(server?: number): number {
    return this.#sum(server, CONNECTIONS);
  }

  /** Open connections of a server, or requests, that count for `client`. */
  shareOf(server: number, client: string): number {
    const [one, other] = this.#cellsOf(client);
    return Math.min(this.#sum(server, one), this.#sum(server, other));
  }

  /** Counts at `place` a connection more, or where `by` is -1 one less. */
  addConnection(place: number, by: 1 | -1): void {
    Atomics.add(this.#cells, startOf(place) + CONNECTIONS, by);
  }

  /** Counts it for `client`. */
  addShare(place: number, client: string, by: 1 | -1): void {
    for (const cell of this.#cellsOf(client)) Atomics.add(this.#cells, startOf(place) + cell, by);
  }

  /** Counts one more that a server has refused, for the reason number `why`. */
  refuse(server: number, why: number): void {
    Atomics.add(this.#cells, refusalCell(server, why), 1);
  }

  /** How many a server has refused so far, for the reason number `why`. */
  refused(server: number, why: number): number {
    return Atomics.load(this.#cells, refusalCell(server, why)) >>> 0;
  }

  #sum(server: number | undefined, cell: number): number {
    let sum = 0;
    for (let place = 0; place < this.#places; place++) {
      const at = startOf(place);
      const owner = Atomics.load(this.#cells, at) - 1;
      const counts = server === undefined ? owner >= 0 : owner === server;
      if (counts) sum += Atomics.load(this.#cells, at + cell);
    }
    return sum;
  }

  /** FNV-1a from a random start, so that nobody can choose addresses that share cells. */
  #cellsOf(client: string): readonly [number, number] {
    let hash = Atomics.load(this.#cells, SEED);
    for (let i = 0; i < client.length; i++) {
      hash = Math.imul(hash ^ client.charCodeAt(i), 0x01000193);
    }
    const other = Math.imul(hash ^ hash >>> 15, 0x2c1b3c6d);
    return [
      ADDRESSES + ((hash ^ hash >>> 16) & ROW - 1),
      ADDRESSES + ROW + ((other ^ other >>> 13) & ROW - 1),
    ];
  }
}

function newMemory(places: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(LIMITS * 8 + (HEAD_CELLS + places * PLACE_CELLS) * 4);
  const seed = new Int32Array(memory, LIMITS * 8 + SEED * 4, 1);
  crypto.getRandomValues(new Uint8Array(4)).forEach((byte) => seed[0] = (seed[0] ?? 0) << 8 | byte);
  return memory;
}

function startOf(place: number): number {
  return HEAD_CELLS + place * PLACE_CELLS;
}

function refusalCell(server: number, why: number): number {
  if (server >= MAX_SERVERS || why >= MAX_REASONS) throw new RangeError("Cannot count: too many");
  return REFUSALS + server * MAX_REASONS + why;
}

/** Numbers before the cells: 64-bit floats, so that they may be `Infinity`. An even one follows. */
const LIMITS = 4;
/** Cells at the head of the board … */
const SEED = 0;
const NEXT_PLACE = 1;
const REFUSALS = 2;
const MAX_SERVERS = 8;
const MAX_REASONS = 4;
const HEAD_CELLS = REFUSALS + MAX_SERVERS * MAX_REASONS;
/** … and of a place, behind that of its owner: 0, or the server's number and 1. */
const NOBODY = 0;
const CONNECTIONS = 1;
const ADDRESSES = 2;
/** Cells for the connections of addresses, by one of the hashes; a power of two. */
const ROW = 8192;
const PLACE_CELLS = ADDRESSES + 2 * ROW;
