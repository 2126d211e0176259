/** Keeps of each show which files it is in, so that another run of the server can go on with it. */
import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { readSmallTextFile } from "../../disk/small_file.ts";
import { parseFileName } from "../file_names.ts";
import { Turns } from "../turns.ts";
import type { ForgottenPieces } from "./show_news.ts";
import type { KeptPiece } from "./show_piece.ts";

const logger = getLogger(["echo", "record"]);

/** What is kept of a show. */
export interface KeptShow {
  /** When its first frame was due, in milliseconds since the epoch. */
  readonly start: number;
  /** What was before its pieces; `undefined` where that is nothing. */
  readonly forgotten?: ForgottenPieces | undefined;
  readonly pieces: readonly KeptPiece[];
}

/** States of shows as files beside the recordings: `.shows/NAME.json`. No call rejects. */
export class KeptShows {
  readonly #path: string;
  readonly #turns = new Turns();
  /** Whether the last change could not be kept, which has been logged. */
  #fails = false;

  /** @param path the archive's folder */
  constructor(path: string) {
    this.#path = `${path}/.shows`;
  }

  /** The names of which something is kept. */
  async names(): Promise<readonly string[]> {
    const names: string[] = [];
    try {
      for await (const { name } of Deno.readDir(this.#path)) {
        names.push(...STATE_FILE.exec(name)?.slice(1) ?? []);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) this.#report(error);
    }
    return names;
  }

  /** What is kept of the show of `name`; `undefined` where that cannot be read. */
  async load(name: string): Promise<KeptShow | undefined> {
    const file = this.#pathOf(name);
    try {
      return parseKeptShow(await readSmallTextFile(file, MAX_STATE_BYTES));
    } catch (error) {
      logger.warn("{file} cannot be read, so what was on air before cannot be rewound: {error}", {
        ...{ file, name },
        error: String(error),
      });
      return undefined;
    }
  }

  /** Keeps it: what `state` says when its turn has come. */
  async save(name: string, state: () => KeptShow): Promise<void> {
    await this.#turns.run(name, () =>
      this.#attempt(async () => {
        const file = this.#pathOf(name);
        await Deno.mkdir(this.#path, { recursive: true });
        await Deno.writeTextFile(`${file}.new`, JSON.stringify(state()) + "\n");
        await Deno.rename(`${file}.new`, file);
      }));
  }

  async forget(name: string): Promise<void> {
    await this.#turns.run(name, () =>
      this.#attempt(async () => {
        try {
          await Deno.remove(this.#pathOf(name));
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }));
  }

  /** Resolves when all is kept that was to be until now. */
  async idle(): Promise<void> {
    await this.#turns.idle();
  }

  #pathOf(name: string): string {
    return `${this.#path}/${name}.json`;
  }

  async #attempt(operation: () => Promise<void>): Promise<void> {
    try {
      await operation();
      this.#fails = false;
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (!this.#fails) {
      logger.warn("Cannot use {path}, so a restart ends what can be rewound: {error}", {
        path: this.#path,
        error: String(error),
      });
    }
    this.#fails = true;
  }
}

/** Reads what {@link KeptShows} keep of a name. @throws {Error} where it is something else */
export function parseKeptShow(text: string): KeptShow {
  return STATE.parse(JSON.parse(text));
}

const COUNT = z.number().int().nonnegative();

const STATE = z.object({
  start: z.number(),
  forgotten: z.object({ pieces: COUNT, segments: COUNT, withSegments: COUNT }).optional(),
  pieces: z.array(z.object({
    file: z.string().refine((file) => parseFileName(file) !== undefined),
    identity: z.string(),
    firstFrame: COUNT,
    sampleRate: z.number().int().positive(),
    samplesPerFrame: z.number().int().positive(),
    startTime: z.number(),
    silentFragments: COUNT.max(1_000_000),
    silence: z.string().regex(/^(?:[0-9a-f]{2}){0,1024}$/),
    segments: COUNT.optional(),
    first: z.object({ segments: COUNT, frame: COUNT, offset: COUNT, wallMs: z.number() })
      .optional(),
  })),
});

const MAX_STATE_BYTES = 2 ** 20;
const STATE_FILE = /^([A-Za-z0-9_-]{1,128})\.json$/;
