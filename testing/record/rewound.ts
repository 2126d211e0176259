/** An archive whose shows may be rewound, and a listener of these. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { forPlayers } from "../../src/hls/routes.ts";
import { Rewinds } from "../../src/record/rewind/rewinds.ts";
import { rewindRoutes, type RewindRoutesOptions } from "../../src/record/rewind/routes.ts";
import { localRewind } from "../../src/station/rewind.ts";
import { FakeClock } from "../fake_clock.ts";
import { readFragments } from "../mp4/fragments.ts";
import { until } from "../until.ts";
import { Archive, type ArchiveOptions, SECOND, type Show, START } from "./archive.ts";

/** A show as those hear it who listen live. */
export interface Live {
  ended: boolean;
}

export interface RewoundOptions extends Pick<ArchiveOptions, "path" | "append" | "clock"> {
  /** Default: all of it. */
  readonly boundMs?: number;
  /** What is live under each name; by default there is a `demo`. */
  readonly live?: Map<string, Live>;
  readonly onFetch?: RewindRoutesOptions["onFetch"];
}

/** An archive whose shows may be rewound, over HTTP. */
export class Rewound implements AsyncDisposable {
  /** What is heard under each name. */
  readonly live: Map<string, Live>;

  private constructor(
    readonly archive: Archive,
    readonly rewinds: Rewinds,
    readonly app: Hono,
    live: Map<string, Live>,
    readonly clock: FakeClock,
    readonly close: () => void,
  ) {
    this.live = live;
  }

  static async open(options: RewoundOptions = {}): Promise<Rewound> {
    const { clock = new FakeClock(START), boundMs = Infinity, append = false } = options;
    const live = options.live ?? new Map([["demo", { ended: false }]]);
    const path = options.path ?? `${await Deno.makeTempDir({ prefix: "echo-record-" })}/record`;
    const rewinds = new Rewinds({ clock, path, boundMs });
    await rewinds.open((name) => live.get(name));
    const archive = await Archive.open({
      ...{ path, clock, append },
      index: rewinds.index,
      onRemoved: rewinds.removed,
    });
    const rewind = localRewind(rewinds, { path, boundMs }, {
      clock,
      has: (name) => live.has(name),
    });
    const app = rewindRoutes({ ...rewind, onFetch: options.onFetch, forPlayers: forPlayers() });
    return new Rewound(archive, rewinds, app, live, clock, () => rewind.shows.close());
  }

  /** So many seconds of audio, each of which is on the disk before the next one comes. */
  async play(show: Show, seconds: number): Promise<void> {
    const { recorder } = this.archive;
    for (let i = 0; i < seconds; i++) {
      const before = recorder.writtenBytes;
      await show.second();
      while (recorder.writtenBytes === before) await new Promise((resolve) => setTimeout(resolve));
    }
  }

  /** So many seconds of silence, which may be followed by audio or not. */
  async hold(show: Show, seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      show.silence(SECOND);
      await this.clock.advance(1000);
    }
  }

  /** The playlist's text, as it is a second later; `undefined` where there is none. */
  async playlist(name = "demo"): Promise<string | undefined> {
    await this.clock.advance(1000);
    const response = await this.app.request(`/${name}/show.m3u8`);
    const text = await response.text();
    return response.status === 200 ? text : undefined;
  }

  /** The same, once it lists so many segments. */
  async listing(count: number, name = "demo"): Promise<string> {
    return await until(`${count} segments are listed`, async () => {
      const text = await this.playlist(name);
      return text !== undefined && urisOf(text).length >= count && text;
    });
  }

  /** The bytes of a file that the playlist names. */
  async bytes(uri: string, name = "demo"): Promise<Uint8Array> {
    const response = await this.app.request(`/${name}/${uri}`);
    assert.equal(response.status, 200, uri);
    return await response.bytes();
  }

  /** All frames of what a playlist lists. */
  async frames(playlist: string, name = "demo"): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    for (const uri of urisOf(playlist)) {
      for (const fragment of readFragments(await this.bytes(uri, name))) {
        frames.push(...fragment.frames);
      }
    }
    return frames;
  }

  /** Ends it as the process ends: what is written stays. */
  async stop(): Promise<void> {
    this.close();
    await this.archive[Symbol.asyncDispose]();
    await this.rewinds.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.archive.folder.path.replace(/\/record$/, ""), { recursive: true });
  }
}

/** What a playlist lists. */
export function urisOf(playlist: string): string[] {
  return playlist.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** The values of a tag of a playlist. */
export function valuesOf(playlist: string, tag: string): string[] {
  return playlist.split("\n").filter((line) => line.startsWith(`#${tag}:`))
    .map((line) => line.slice(tag.length + 2));
}
