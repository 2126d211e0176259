/** Programs that receive endless streams, watched by their one connection. */
import assert from "node:assert/strict";
import { Child } from "../child.ts";
import type { StreamReceiver } from "./stream_receivers.ts";

/** Nobody's, as which VLC runs: it refuses to be root's. */
const NOBODY = "65534";

/** A program, and how it is started. */
interface Program {
  readonly name: string;
  /** What it plays; all that there is by default. */
  readonly plays?: "mp3";
  readonly args: (url: string, folder: string) => readonly string[];
  /** Whether it must not be root. */
  readonly isNobody?: boolean;
}

const PROGRAMS: readonly Program[] = [
  { name: "mpg123", plays: "mp3", args: (url) => ["-q", "-t", url] },
  { name: "mpv", args: (url) => ["--no-config", "--no-video", "--ao=null", "--no-terminal", url] },
  {
    ...{ name: "vlc", isNobody: true },
    args: (url) => ["-I", "dummy", "--aout=adummy", "--play-and-exit", "--no-plugins-cache", url],
  },
  { name: "streamripper", args: (url, folder) => [url, "-d", folder, "-a", "-s", "--quiet"] },
];

/** Starts those that are installed. @param folder what they keep goes there */
export async function startPrograms(
  url: string,
  codec: "aac" | "mp3",
  folder: string,
): Promise<ProgramReceiver[]> {
  const fitting = PROGRAMS.filter(({ plays = codec }) => plays === codec);
  const started: ProgramReceiver[] = [];
  for (const { name, args, isNobody = false } of fitting) {
    const path = await pathOf(name);
    if (path === undefined) console.log(`${name} is not installed`);
    else {
      const command = [path, ...args(url, folder)];
      const isRoot = Deno.uid() === 0;
      started.push(
        new ProgramReceiver(name, isNobody && isRoot ? asNobody(command) : command, url),
      );
    }
  }
  return started;
}

/** A program that goes on over one connection. */
export class ProgramReceiver implements StreamReceiver {
  readonly what: string;
  readonly #child: Child;
  readonly #port: string;
  /** That of its connection. */
  #localPort: string | undefined;

  constructor(what: string, [program = "", ...args]: readonly string[], url: string) {
    this.what = what;
    this.#port = new URL(url).port;
    this.#child = new Child(program, args);
  }

  async progress(): Promise<number> {
    const connection = await this.#connection();
    this.#localPort ??= connection?.localPort;
    return connection?.received ?? 0;
  }

  async check(): Promise<void> {
    assert.ok(this.#child.running, `${this.what} has ended: ${this.#child.output}`);
    if (this.#localPort === undefined) return;
    const { localPort } = await this.#connection() ?? {};
    assert.equal(localPort, this.#localPort, `${this.what} is not on the same connection`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }

  /** As ss(8) tells it. */
  async #connection(): Promise<{ localPort: string; received: number } | undefined> {
    const args = ["-Htinp", "state", "established", "dport", "=", `:${this.#port}`];
    const { stdout } = await new Deno.Command("ss", { args }).output();
    const pids = this.#pids;
    const found = new TextDecoder().decode(stdout).split(/\n(?=\S)/).find((entry) =>
      pids.some((pid) => entry.includes(`pid=${pid},`))
    );
    const [, localPort] = /:(\d+)\s+\S+:\d+\s+users/.exec(found ?? "") ?? [];
    const [, received] = /bytes_received:(\d+)/.exec(found ?? "") ?? [];
    return localPort === undefined ? undefined : { localPort, received: Number(received ?? 0) };
  }

  get #pids(): readonly number[] {
    const { pid } = this.#child;
    try {
      const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
      return [pid, ...children.trim().split(" ").filter((child) => child !== "").map(Number)];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }
}

function asNobody(command: readonly string[]): readonly string[] {
  const options = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  return ["setpriv", ...options, "env", "HOME=/tmp", ...command];
}

async function pathOf(program: string): Promise<string | undefined> {
  const args = ["-c", 'command -v "$0"', program];
  const { stdout } = await new Deno.Command("sh", { args }).output();
  const path = new TextDecoder().decode(stdout).trim();
  return path === "" ? undefined : path;
}
