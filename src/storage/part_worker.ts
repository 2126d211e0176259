/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** The thread that reads, hashes and sends parts of recordings. */
import { systemClock } from "../session/clock.ts";
import { Bucket } from "./bucket.ts";
import { LocalPartWork } from "./part_job.ts";
import type { FromPartThread, PartFailure, ToPartThread } from "./part_messages.ts";
import { StorageError } from "./storage_error.ts";
import { FileChanged, StoreTransport } from "./store_transport.ts";

const transport = new StoreTransport(systemClock);
let bucket: Bucket | undefined;
let work: LocalPartWork | undefined;

const send = (message: FromPartThread) => self.postMessage(message);

// Hashing and TLS keep a thread busy, and so this is not the one that takes in broadcasts.
self.onmessage = async ({ data: message }: MessageEvent<ToPartThread>) => {
  if (message.kind === "bucket") {
    const { settings } = message;
    if (bucket === undefined) bucket = new Bucket(settings, { clock: systemClock, transport });
    else bucket.settings = settings;
    work ??= new LocalPartWork(bucket);
    return;
  }
  const { id, job } = message;
  try {
    if (work === undefined) throw new Error("a job has come before its bucket");
    send({ kind: "done", id, done: await work.do(job) });
  } catch (error) {
    send({ kind: "failed", id, failure: failureOf(error) });
  }
};

function failureOf(error: unknown): PartFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StorageError) return { type: "store", code: error.code, message };
  if (error instanceof FileChanged) return { type: "changed", code: "", message };
  if (error instanceof Deno.errors.NotFound) return { type: "gone", code: "", message };
  return { type: "other", code: "", message };
}
