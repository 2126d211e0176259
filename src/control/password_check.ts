/** Checks passwords against bcrypt hashes in a worker. */
import type { BcryptAnswer, BcryptQuestion } from "./bcrypt_worker.ts";
import { ControlError } from "./control_error.ts";

const MAX_WAITING = 4;

/** Tells whether passwords are right. */
export interface PasswordCheck {
  /** @throws {ControlError} 503 where too many checks wait already, or it has been closed */
  verify(password: string, hash: string): Promise<boolean>;
  /** Does now what the first check would have to do: starts the worker. */
  prepare(): void;
  close(): void;
}

type Pending = Pick<PromiseWithResolvers<boolean>, "resolve" | "reject">;

/**
 * Checks passwords in a worker, so that audio does not wait for them. After a worker has failed,
 * the next check starts another. Deno crashes when a worker starts and no file descriptor is left:
 * so it is better to start the worker before clients come.
 */
export class BcryptCheck implements PasswordCheck {
  readonly #waiting = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;
  #closed = false;

  /** @throws {Error} where the worker fails */
  verify(password: string, hash: string): Promise<boolean> {
    if (this.#closed) throw new ControlError(503, "the server is stopping");
    if (this.#waiting.size >= MAX_WAITING) {
      throw new ControlError(503, "too many passwords wait to be checked");
    }
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const question: BcryptQuestion = { id: ++this.#lastId, password, hash };
    this.#waiting.set(question.id, { resolve, reject });
    this.#worker ??= this.#start();
    this.#worker.postMessage(question);
    return promise;
  }

  prepare(): void {
    if (!this.#closed) this.#worker ??= this.#start();
  }

  close(): void {
    this.#closed = true;
    this.#drop(new ControlError(503, "the server is stopping"));
  }

  #start(): Worker {
    const worker = new Worker(new URL("./bcrypt_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<BcryptAnswer>) => {
      const { id, matches } = event.data;
      this.#waiting.get(id)?.resolve(matches);
      this.#waiting.delete(id);
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
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }
}
