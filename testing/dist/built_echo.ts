/** Builds Echo as it is given away, and runs what was built. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packSelfExtracting } from "../../scripts/compile/self_extracting.ts";
import { HOST, makeStage, type Stage } from "../../scripts/compile/stage.ts";
import { Child } from "../child.ts";

const COMPILE = fileURLToPath(new URL("../../scripts/compile.ts", import.meta.url));

/** How a program ended, and what it printed. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Builds Echo into `folder`. @returns what the build printed */
export async function buildEcho(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const output = ["--output", join(folder, "echo")];
  const compile = ["run", "--no-prompt", "--allow-all", "--no-check", COMPILE, ...output, ...args];
  // All of the environment: it may tell how packages are to be had.
  const environment = { ...Deno.env.toObject(), NO_COLOR: "1", ...env };
  const ended = await run([Deno.execPath(), ...compile], environment);
  assert.equal(ended.code, 0, ended.output);
  return ended.output;
}

/** Runs a command to its end. */
export async function run(
  [command = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<Ended> {
  await using child = new Child(command, args, { env, ...(cwd === undefined ? {} : { cwd }) });
  const { code } = await child.end();
  return { code, output: child.output };
}

/** Shows what it was called with, as quickly as no Deno does; the script before it is the same. */
const QUICK_RUNTIME = `#!/bin/sh
printf '%s\\n' Echo/quick "$@"
`;

/** Echo in one self-extracting file, in a folder of its own, which has room for caches. */
export class BuiltEcho implements AsyncDisposable {
  readonly folder: string;
  /** The file, with the Deno that runs this inside. */
  readonly program: string;
  /** A file that runs a small script in place of Deno. */
  readonly quick: string;
  readonly #stage: Stage;
  #caches = 0;

  private constructor(folder: string, stage: Stage) {
    this.folder = folder;
    this.#stage = stage;
    this.program = join(folder, "echo");
    this.quick = join(folder, "quick");
  }

  static async build(): Promise<BuiltEcho> {
    const folder = await Deno.makeTempDir({ prefix: "echo-dist-" });
    // Others read it as well.
    await Deno.chmod(folder, 0o755);
    const echo = new BuiltEcho(folder, await makeStage(join(folder, "build"), HOST));
    await packSelfExtracting(echo.#stage, echo.program, { runtime: Deno.execPath(), level: 1 });
    await echo.pack("quick", QUICK_RUNTIME);
    return echo;
  }

  /** Makes another file, with `runtime` in place of Deno. @returns its path */
  async pack(name: string, runtime: string): Promise<string> {
    const program = join(this.folder, name);
    const file = join(this.folder, "build", name);
    await Deno.writeTextFile(file, runtime);
    await packSelfExtracting(this.#stage, program, { runtime: file, level: 1 });
    return program;
  }

  /** A `PATH` on which `script` stands before the system's command `name`. */
  async pathWith(name: string, script: string): Promise<string> {
    const folder = await Deno.makeTempDir({ dir: this.folder, prefix: `${name}-` });
    await Deno.writeTextFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return `${folder}:${Deno.env.get("PATH")}`;
  }

  /** A cache that nothing was unpacked into. */
  newCache(): string {
    return join(this.folder, `cache-${++this.#caches}`);
  }

  /** Has it show its configuration, with `cache`. */
  async show(cache: string, program: string = this.quick, env = {}): Promise<Ended> {
    return await run([program, "-v"], { CACHE_DIRECTORY: cache, ...env }, this.folder);
  }

  /** The one folder that it was unpacked into, and that nothing stands beside. */
  async unpacked(cache: string): Promise<string> {
    const names = (await Array.fromAsync(Deno.readDir(cache))).map(({ name }) => name);
    assert.equal(names.length, 1, names.join(", "));
    assert.match(names[0] ?? "", /^echo-\d+\.\d+\.\d+-[0-9a-f]{16}$/);
    return join(cache, names[0] ?? "");
  }

  /** A cache that it was unpacked into. */
  async fullCache(): Promise<string> {
    const cache = this.newCache();
    const { code, output } = await this.show(cache);
    assert.equal(code, 0, output);
    return cache;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(dirname(this.program), { recursive: true });
  }
}

/** That it ran, and printed nothing but what it was asked for. */
export function assertShown({ code, output }: Ended): void {
  assert.equal(code, 0, output);
  assert.match(output, /^Echo\//);
}

/** That it ended with one line that says why. */
export function assertRefused({ code, output }: Ended, why: RegExp): void {
  assert.match(output, why);
  assert.match(output, /^echo: Cannot .*$/);
  assert.equal(code, 1);
}
