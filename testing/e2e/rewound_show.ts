/** A show that may be rewound while it is on air, as players get it from the server. */
import assert from "node:assert/strict";
import { Child } from "../child.ts";
import { type AdtsFrame, parseAdts } from "../hls_validator/adts.ts";
import { urisOf } from "../record/rewound.ts";
import { until } from "../until.ts";
import type { EchoServer } from "./echo_server.ts";

/** FFmpeg reads the init section again with each version of a playlist, and says so. */
const REREAD = /Found duplicated MOOV Atom|^ *Last message repeated/;

/** The show `demo` of a server. */
export class RewoundShow {
  /** Of its playlist. */
  readonly url: string;
  readonly #folder: string;

  constructor(server: EchoServer) {
    this.url = server.playlistUrl("demo").replace("playlist.m3u8", "show.m3u8");
    this.#folder = server.folder;
  }

  /** @returns `undefined` where there is none */
  async playlist(): Promise<string | undefined> {
    const response = await fetch(this.url);
    const text = await response.text();
    return response.status === 200 ? text : undefined;
  }

  /** The playlist once it lists so many segments. */
  async listing(count: number): Promise<string> {
    return await until(`${count} segments of the show are listed`, async () => {
      const text = await this.playlist();
      return text !== undefined && urisOf(text).length >= count && text;
    });
  }

  /** In hexadecimal, what the playlist names. */
  async bytesOf(uri: string): Promise<string> {
    const response = await fetch(new URL(uri, this.url));
    assert.equal(response.status, 200, uri);
    return (await response.bytes()).toHex();
  }

  /**
   * Reads it from its first segment to its end as a player does.
   * @returns its access units, and all that FFmpeg had to say while it decoded them
   */
  async read(): Promise<{ frames: AdtsFrame[]; warnings: string[] }> {
    const copy = `${this.#folder}/${crypto.randomUUID()}.aac`;
    await using reader = new Child("ffmpeg", [
      ...["-hide_banner", "-nostdin", "-v", "warning", "-live_start_index", "0", "-i", this.url],
      ...["-map", "0:a", "-c", "copy", "-f", "adts", copy, "-map", "0:a", "-f", "null", "-"],
    ]);
    const { code } = await reader.end();
    assert.equal(code, 0, reader.output);
    const warnings = reader.lines.filter((line) => !REREAD.test(line));
    return { frames: parseAdts(await Deno.readFile(copy)), warnings };
  }
}
