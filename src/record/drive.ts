/** Does with a file on disk what the steps of `mp4/` ask for. */
import { type FileStep, type FileSteps, MAX_STEP_BYTES } from "../mp4/file_steps.ts";

/** Thrown where work was given up between two of its steps, as in a crash. */
export class GivenUp extends Error {
  override readonly name = "GivenUp";
}

/**
 * Does the steps one after another, and holds up nothing else meanwhile.
 * @param giveUp is asked before each step
 * @param turn gives what each step waits for, where it has to wait
 * @throws {GivenUp} where it says so; also what the steps throw and the file's operations reject
 *   with
 */
export async function drive<Result>(
  file: Deno.FsFile,
  steps: FileSteps<Result>,
  giveUp: () => boolean = () => false,
  turn: () => Promise<void> | undefined = () => undefined,
): Promise<Result> {
  const buffer = new Uint8Array(MAX_STEP_BYTES);
  let answer: Uint8Array = buffer.subarray(0, 0);
  for (;;) {
    const { done, value } = steps.next(answer);
    if (done) return value;
    const waiting = turn();
    if (waiting !== undefined) await waiting;
    if (giveUp()) throw new GivenUp("given up");
    if (value.kind === "read") answer = await read(file, value.offset, buffer, value.length);
    else await change(file, value);
  }
}

/** Writes all of `data` where the file stands. It must not change until the promise resolves. */
export async function writeAll(file: Deno.FsFile, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) at += await file.write(data.subarray(at));
}

async function read(
  file: Deno.FsFile,
  offset: number,
  buffer: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  // A seek only sets a number: it needs no thread that may wait.
  file.seekSync(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(buffer.subarray(filled, length));
    if (count === null) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

async function change(file: Deno.FsFile, step: Exclude<FileStep, { kind: "read" }>): Promise<void> {
  switch (step.kind) {
    case "write":
      file.seekSync(step.offset, Deno.SeekMode.Start);
      return await writeAll(file, step.data);
    case "truncate":
      return await file.truncate(step.length);
    case "sync":
      return await file.syncData();
  }
}
