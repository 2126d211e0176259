/** The files that a playlist of low latency names, as a player fetches them. */
import { equal } from "./low_media_rules.ts";

/** `undefined` where it was not there: the server was killed, or gave up a hint. */
export type MediaFile = Uint8Array<ArrayBuffer> | undefined;

export interface LowFilesOptions {
  /** Asks a server. */
  readonly fetch: typeof fetch;
  /** Whether the newest version lists it; else it was hinted at. */
  readonly isListed: (file: string) => boolean;
  /** Whether nothing new may come, so that a part may be given up for now that was hinted at. */
  readonly mayStandStill: () => boolean;
  /** Whether the server need not answer. */
  readonly isDown: () => boolean;
  /** Told what is wrong, in words. */
  readonly onBreach: (breach: string) => void;
}

/** Fetches each file once. */
export class LowFiles {
  readonly #url: string;
  readonly #options: LowFilesOptions;
  readonly #files = new Map<string, Promise<MediaFile>>();
  /** Parts that were hinted at, and that were not there in the end. */
  readonly #givenUp = new Set<string>();

  /** @param url beside which they are */
  constructor(url: string, options: LowFilesOptions) {
    this.#url = url;
    this.#options = options;
  }

  fetch(file: string): Promise<MediaFile> {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const fetching = this.#fetchAnew(file);
    this.#files.set(file, fetching);
    return fetching;
  }

  /** A version lists `file`: it is there, and always was. */
  listed(file: string): void {
    if (this.#givenUp.delete(file)) {
      this.#options.onBreach(`${file} was refused, and then it was there`);
    }
  }

  /** Fetches files once more: what a name stands for stays what it is. */
  async checkSame(files: readonly string[]): Promise<void> {
    for (const file of files) {
      const before = await this.fetch(file);
      const bytes = await this.#askFor(file);
      if (before !== undefined && bytes !== undefined && !equal(before, bytes)) {
        this.#options.onBreach(`${file} has other bytes than before`);
      }
    }
  }

  async #fetchAnew(file: string): Promise<MediaFile> {
    const bytes = await this.#askFor(file);
    // The next server may have it.
    if (bytes === undefined) this.#files.delete(file);
    return bytes;
  }

  async #askFor(file: string): Promise<MediaFile> {
    const { fetch, isListed, mayStandStill, isDown, onBreach } = this.#options;
    let response: Response;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      response = await fetch(new URL(file, this.#url));
      bytes = await response.bytes();
    } catch (error) {
      if (!isDown()) onBreach(`${file}: ${error}`);
      return undefined;
    }
    if (response.ok) {
      for (const breach of checkHeaders(response, "audio/mp4", cachingOf(file))) onBreach(breach);
      return bytes;
    }
    if (response.status === 404 && !isListed(file)) {
      if (!mayStandStill()) this.#givenUp.add(file);
    } else if (response.status === 503 && !isListed(file) && mayStandStill()) {
      // It is still to come.
      return undefined;
    } else if (!isDown()) onBreach(`status ${response.status} for ${file}`);
    return undefined;
  }
}

/** @returns what is wrong in the headers of an answer, in words */
export function checkHeaders({ headers, url }: Response, type: string, caching: string): string[] {
  const due = {
    "content-type": type,
    "cache-control": caching,
    "access-control-allow-origin": "*",
  };
  return Object.entries(due).flatMap(([name, value]) => {
    const got = headers.get(name);
    return got === value ? [] : [`${url} has ${name} ${got}, ${value} is due`];
  });
}

/** How long what a playlist names may be cached: preroll is no broadcast's own. */
function cachingOf(file: string): string {
  return file.includes("/") ? "max-age=600" : "max-age=600, immutable";
}
