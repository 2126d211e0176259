/** Keeps what is known of uploads, so that another run of the server goes on with them. */
import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { readSmallTextFile } from "../disk/small_file.ts";
import { messageOf } from "../record/files.ts";
import { Turns } from "../record/turns.ts";
import type { BegunUpload } from "./bucket.ts";
import type { RecordingId } from "./object_keys.ts";

const logger = getLogger(["echo", "storage"]);

/** A part that the store has. */
export interface SentPart {
  readonly etag: string;
  /** Of its bytes, in hexadecimal. */
  readonly sha256: string;
}

/** What is kept of the upload of a recording. */
export interface KeptUpload extends RecordingId {
  /** Of the file, whatever it is called: see `identityOf`. */
  readonly identity: string;
  /** What the object is known by in the store. */
  readonly mark: string;
  /** `null` until it has begun, and once it is over. */
  readonly uploadId: string | null;
  /** Of each part but the last. */
  readonly partBytes: number;
  /** By the number of the part less one; `null` where the store does not have it. */
  readonly parts: readonly (SentPart | null)[];
  /** What the store is to forget: earlier uploads of it that were given up. */
  readonly dead: readonly BegunUpload[];
  /** Whether somebody has deleted it: nothing of it is to stay in the bucket. */
  readonly isUnwanted: boolean;
  /** Bytes of the object, once it is whole in the bucket; `null` before that. */
  readonly storedBytes: number | null;
  /** Whether the object was deleted since, and the file was not: it is not sent again. */
  readonly isRemoved: boolean;
}

/** States of uploads as files beside the recordings: `.uploads/IDENTITY.json`. */
export class KeptUploads {
  readonly path: string;
  /** Whether the last change could not be kept, which has been logged. */
  #fails = false;
  readonly #turns = new Turns();

  /** @param folder the archive's */
  constructor(folder: string) {
    this.path = `${folder}/.uploads`;
  }

  /** All of them. What cannot be read is logged, and left out. Rejects with what the disk says. */
  async load(): Promise<KeptUpload[]> {
    const found: KeptUpload[] = [];
    await Deno.mkdir(this.path, { recursive: true });
    for await (const { name } of Deno.readDir(this.path)) {
      if (!name.endsWith(".json")) continue;
      try {
        const text = await readSmallTextFile(`${this.path}/${name}`, MAX_STATE_BYTES);
        found.push(parseKeptUpload(text));
      } catch (error) {
        logger.warn("{file} cannot be read, so that recording is sent to the bucket anew: {why}", {
          ...{ file: name, why: messageOf(error) },
        });
      }
    }
    return found;
  }

  /**
   * Keeps an upload. It never rejects: where the disk is full, uploads have to go on, so that files
   * can leave it.
   */
  async save(upload: KeptUpload): Promise<void> {
    const file = this.#pathOf(upload.identity);
    await this.#attempt(upload.identity, async () => {
      await Deno.writeTextFile(`${file}.new`, JSON.stringify(upload) + "\n");
      await Deno.rename(`${file}.new`, file);
    });
  }

  /** Never rejects. */
  async forget(identity: string): Promise<void> {
    await this.#attempt(identity, async () => {
      try {
        await Deno.remove(this.#pathOf(identity));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    });
  }

  async #attempt(identity: string, operation: () => Promise<void>): Promise<void> {
    try {
      await this.#turns.run(identity, operation);
      this.#fails = false;
    } catch (error) {
      const details = { path: this.path, why: messageOf(error) };
      if (!this.#fails) {
        logger.warn("Cannot use {path}, so a restart sends some recordings anew: {why}", details);
      }
      this.#fails = true;
    }
  }

  #pathOf(identity: string): string {
    return `${this.path}/${identity}.json`;
  }
}

/** Reads what {@link KeptUploads} keep of a recording. @throws {Error} where it is something else */
export function parseKeptUpload(text: string): KeptUpload {
  return STATE.parse(JSON.parse(text));
}

const COUNT = z.number().int().nonnegative();

const STATE = z.object({
  identity: z.string().regex(/^\d*-\d*$/),
  name: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/),
  startTime: z.number().int(),
  count: z.number().int().positive(),
  mark: z.string().min(1),
  uploadId: z.string().nullable(),
  partBytes: z.number().int().positive(),
  parts: z.array(z.object({ etag: z.string(), sha256: z.string() }).nullable()),
  dead: z.array(z.object({ key: z.string(), uploadId: z.string() })).default([]),
  isUnwanted: z.boolean().default(false),
  storedBytes: COUNT.nullable(),
  isRemoved: z.boolean().default(false),
});

/** Of 10,000 parts. */
const MAX_STATE_BYTES = 4 * 2 ** 20;
