/** Does part jobs in a thread of its own. */
import type { BucketSettings } from "./bucket.ts";
import type { PartDone, PartJob, PartWork } from "./part_job.ts";
import type { FromPartThread, PartFailure, ToPartThread } from "./part_messages.ts";
import { StorageError } from "./storage_error.ts";
import { FileChanged } from "./store_transport.ts";

/** The thread that does part jobs. After it has failed, the next job starts another. */
export class PartThread implements PartWork {
  #settings: BucketSettings;
  readonly #waiting = new Map<number, PromiseWithResolvers<PartDone>>();
  #worker: Worker | undefined;
  #lastId = 0;
  #closed = false;

  /** Deno crashes when a worker starts and no file descriptor is left, so it starts at once. */
  constructor(settings: BucketSettings) {
    this.#settings = settings;
    this.#worker = this.#start();
  }

  /** Sends to this bucket from now on. */
  set settings(settings: BucketSettings) {
    this.#settings = settings;
    this.#post({ kind: "bucket", settings });
  }

  async do(job: PartJob): Promise<PartDone> {
    if (this.#closed) throw new StorageError("Closed", "the server is stopping");
    this.#worker ??= this.#start();
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<PartDone>();
    this.#waiting.set(id, waiting);
    this.#post({ kind: "job", id, job });
    return await waiting.promise;
  }

  /** Ends the thread in the middle of what it does. */
  close(): void {
    this.#closed = true;
    this.#drop(new StorageError("Closed", "the server is stopping"));
  }

  #start(): Worker {
    const worker = new Worker(new URL("./part_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: message }: MessageEvent<FromPartThread>) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.kind === "done") waiting?.resolve(message.done);
      else waiting?.reject(errorOf(message.failure));
    };
    worker.onerror = (event) => {
      // Otherwise the error would end the server.
      event.preventDefault();
      if (worker === this.#worker) this.#drop(new Error(`Cannot send parts: ${event.message}`));
    };
    const first: ToPartThread = { kind: "bucket", settings: this.#settings };
    worker.postMessage(first);
    return worker;
  }

  #post(message: ToPartThread): void {
    this.#worker?.postMessage(message);
  }

  #drop(why: Error): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(why);
  }
}

function errorOf({ type, code, message }: PartFailure): Error {
  switch (type) {
    case "store":
      // Its message begins with the code.
      return new StorageError(code, message.slice(code.length + 2));
    case "changed":
      return new FileChanged(message);
    case "gone":
      return new Deno.errors.NotFound(message);
    case "other":
      return new Error(message);
  }
}
