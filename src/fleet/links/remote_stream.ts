/**
 * A broadcast that another box has, as that one has told of it last.
 *
 * @module
 */
import type { ServedStream } from "../../hls/distributor.ts";
import { LOW_MASTER_FILE } from "../../hls/low_latency/low_names.ts";
import { MASTER_FILE } from "../../hls/master_playlist.ts";
import type { ServedPlaylist } from "../../hls/origin.ts";
import type { VersionOut } from "../../hls/replica_messages.ts";

export interface RemoteStreamOptions {
  /** Somebody wants it: the client that has this address, where it stands for itself alone. */
  readonly onWanted: (client: string | undefined) => void;
  /** See `ServedStream.hear`. */
  readonly onHeard: (clients: readonly (string | undefined)[]) => void;
  /** The bytes of a segment where they are in memory. */
  readonly segment: (file: string) => Uint8Array<ArrayBuffer> | undefined;
}

/** One name of another box, or low latency of it. */
export class RemoteStream implements ServedStream {
  readonly isElsewhere = true;
  /** Nothing of it is in memory alone: all can be read from the other box. */
  readonly unwritten: readonly string[] = [];
  readonly #options: RemoteStreamOptions;
  readonly #playlists = new Map<string, ServedPlaylist>();
  readonly #first = Promise.withResolvers<void>();
  #masterPlaylist: string | undefined;
  #box: string | undefined;
  #goneAt: number | undefined;
  /** Since when it is not kept up to date, on `Clock.awake`. */
  #staleSince: number | undefined;

  /** @param since when it is made, on `Clock.awake`: nothing is known of it yet */
  constructor(options: RemoteStreamOptions, since: number) {
    this.#options = options;
    this.#staleSince = since;
  }

  playlist(file = ""): ServedPlaylist | undefined {
    return this.#playlists.get(file);
  }

  get masterPlaylist(): string | undefined {
    return this.#masterPlaylist;
  }

  segment(file: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#options.segment(file);
  }

  /** Whether its box has told something of it. */
  get isThere(): boolean {
    return this.#playlists.size > 0;
  }

  /**
   * Since when it is not kept up to date, on `Clock.awake`; `undefined` where it is. Of what nothing
   * was told so far: since when its box is asked.
   */
  get staleSince(): number | undefined {
    return this.#staleSince;
  }

  /** The box that tells what is new; `undefined` while nobody wants it. */
  get box(): string | undefined {
    return this.#box;
  }

  /** When that box said that it has nothing of it, on `Clock.awake`; `undefined` where it has. */
  get goneAt(): number | undefined {
    return this.#goneAt;
  }

  open(client: string | undefined): Promise<void> {
    this.#options.onWanted(client);
    return this.isThere ? Promise.resolve() : this.#first.promise;
  }

  hear(clients: readonly (string | undefined)[]): void {
    this.#options.onHeard(clients);
  }

  /** The box with this id is asked to tell what is new, from `now` on, on `Clock.awake`. */
  follow(box: string, now: number): void {
    this.#box = box;
    if (!this.isThere) this.#staleSince = now;
  }

  /** Its box tells nothing more of it since `now`. What it has told stays. */
  leave(now: number): void {
    this.#box = undefined;
    this.#goneAt = undefined;
    this.becomeStale(now);
  }

  /** Takes what is new. @returns the media playlists of which a version has come */
  take({ playlists }: Pick<VersionOut, "playlists">): readonly string[] {
    this.#staleSince = undefined;
    this.#goneAt = undefined;
    const media: string[] = [];
    for (const { file, ...playlist } of playlists) {
      if (MASTERS.includes(file)) this.#masterPlaylist = decoder.decode(playlist.text);
      else {
        this.#playlists.set(file, playlist);
        media.push(file);
      }
    }
    this.#first.resolve();
    return media;
  }

  /** What it has is not kept up to date since `now`, on `Clock.awake`. */
  becomeStale(now: number): void {
    this.#staleSince ??= now;
  }

  /** Its box has nothing of it, as that says at `now`, on `Clock.awake`. */
  becomeGone(now: number): void {
    this.#goneAt = now;
    this.giveUp();
  }

  /** Has nobody wait for something of it that has nothing. */
  giveUp(): void {
    this.#first.resolve();
  }
}

const MASTERS: readonly string[] = [MASTER_FILE, LOW_MASTER_FILE];
const decoder = new TextDecoder();
