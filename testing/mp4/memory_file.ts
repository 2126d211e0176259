/** A recording in memory, for the file steps of src/mp4. */
import assert from "node:assert/strict";
import { type FileStep, type FileSteps, MAX_STEP_BYTES } from "../../src/mp4/file_steps.ts";
import { concat } from "../bytes.ts";

/** A file in memory that does the steps of src/mp4. */
export class MemoryFile {
  #bytes: Uint8Array<ArrayBuffer>;

  constructor(...parts: Uint8Array[]) {
    this.#bytes = concat(parts);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** A copy of what the file holds. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice();
  }

  /** Cuts to `length` bytes. */
  cut(length: number): void {
    this.#bytes = this.#bytes.slice(0, length);
  }

  append(...parts: Uint8Array[]): void {
    this.#bytes = concat([this.#bytes, ...parts]);
  }

  write(offset: number, data: Uint8Array): void {
    if (offset + data.length > this.#bytes.length) {
      const larger = new Uint8Array(offset + data.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(data, offset);
  }

  /**
   * Does all the steps.
   * @param changes gets each step that is no read, with data of its own
   */
  run<Result>(steps: FileSteps<Result>, changes: FileStep[] = []): Result {
    let answer: Uint8Array = new Uint8Array();
    for (;;) {
      const { done, value } = steps.next(answer);
      if (done) return value;
      if (value.kind === "read") {
        assert.ok(value.length <= MAX_STEP_BYTES);
        answer = this.#bytes.slice(value.offset, value.offset + value.length);
      } else {
        changes.push(value.kind === "write" ? { ...value, data: value.data.slice() } : value);
        this.change(value);
      }
    }
  }

  /** Does a step that is no read. */
  change(step: FileStep): void {
    if (step.kind === "truncate") this.cut(step.length);
    if (step.kind === "write") {
      assert.ok(step.data.length <= MAX_STEP_BYTES);
      this.write(step.offset, step.data);
    }
  }
}
