/** Checks passwords against bcrypt hashes in a worker. */
import { FairQueue } from "../session/fair_queue.ts";
import { PublishRefused } from "../session/ingest.ts";
import { type Place, Shares } from "../session/shares.ts";
import type { BcryptAnswer, BcryptQuestion } from "./bcrypt_worker.ts";

/** Checks that wait or are under way, in all … */
const MAX_WAITING = 64;
/** … and of one address. With the costliest hashes that is 5 s of work. */
const MAX_PER_ADDRESS = 16;

/** Who shows a password. */
export interface Asker {
  readonly address: string;
  /** Whose password it is to be; all users that do not exist are `undefined`. */
  readonly user: string | undefined;
  /** Whether the same password was right lately: it is checked first, then. */
  readonly wasRight: boolean;
}

/** Tells whether passwords are right. */
export interface PasswordCheck {
  /**
   * @throws {PublishRefused} `limit` where too many checks wait, of that address above all;
   *   `stopping` where it has been closed
   */
  verify(password: string, hash: string, asker: Asker): Promise<boolean>;
  /** Does now what the first check would have to do: starts the worker. */
  prepare(): void;
  close(): void;
}

interface Check extends Pick<PromiseWithResolvers<boolean>, "resolve" | "reject"> {
  readonly question: BcryptQuestion;
  readonly place: Place;
}

/**
 * Checks passwords in a worker, one at a time, so that audio does not wait for them. Addresses take
 * turns, and the users at each, so that nobody waits for all passwords that another one tries. After a worker has failed,
 * the next check starts another. Deno crashes when a worker starts and no file descriptor is left:
 * so it is better to start the worker before clients come.
 */
export class BcryptCheck implements PasswordCheck {
  readonly #shares = new Shares({ total: MAX_WAITING, perAddress: MAX_PER_ADDRESS });
  /** Passwords that were right lately. */
  readonly #first: Check[] = [];
  readonly #queue = new FairQueue<Check>();
  #underWay: Check | undefined;
  #worker: Worker | undefined;
  #lastId = 0;
  #closed = false;

  /** @throws {Error} where the worker fails */
  verify(password: string, hash: string, { address, user, wasRight }: Asker): Promise<boolean> {
    if (this.#closed) throw stopping();
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const waiter = { address, client: user ?? "" };
    const place = this.#shares.take({
      ...waiter,
      keeps: wasRight,
      giveWay: () => {
        this.#queue.remove(waiter, check);
        reject(tooMany());
      },
    });
    if (place === undefined) throw tooMany();
    const check: Check = {
      question: { id: ++this.#lastId, password, hash },
      place,
      resolve,
      reject,
    };
    if (wasRight) this.#first.push(check);
    else this.#queue.push(waiter, check);
    this.#next();
    return promise;
  }

  prepare(): void {
    if (!this.#closed) this.#worker ??= this.#start();
  }

  close(): void {
    this.#closed = true;
    this.#drop(stopping());
  }

  #next(): void {
    if (this.#underWay !== undefined) return;
    const check = this.#underWay = this.#takeNext();
    if (check === undefined) return;
    // The worker cannot be stopped in the middle of it.
    check.place.keep();
    this.#worker ??= this.#start();
    this.#worker.postMessage(check.question);
  }

  #takeNext(): Check | undefined {
    return this.#first.shift() ?? this.#queue.shift();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./bcrypt_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<BcryptAnswer>) => {
      const { id, matches } = event.data;
      const check = this.#underWay;
      if (check?.question.id !== id) return;
      this.#underWay = undefined;
      check.place.release();
      check.resolve(matches);
      this.#next();
    };
    worker.onerror = (event) => {
      // Otherwise the error would end the server.
      event.preventDefault();
      if (worker === this.#worker) {
        this.#drop(new Error(`Cannot check passwords: ${event.message}`));
      }
    };
    return worker;
  }

  /** Ends the worker, and with it everything that waits. */
  #drop(why: Error): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    let check = this.#underWay ?? this.#takeNext();
    this.#underWay = undefined;
    for (; check !== undefined; check = this.#takeNext()) {
      check.place.release();
      check.reject(why);
    }
  }
}

function tooMany(): PublishRefused {
  return new PublishRefused("limit", "too many passwords wait to be checked");
}

function stopping(): PublishRefused {
  return new PublishRefused("stopping", "the server is stopping");
}
