/**
 * Makes one file of Echo, which runs on a machine that has only glibc.
 *
 *   deno task compile [OPTION]...
 *
 *   --output FILE       the file to write; by default dist/echo
 *   --arch ARCH         amd64 or arm64; by default this machine's
 *   --self-extracting   do not try `deno compile`
 *   --runtime FILE      the Deno to put into a self-extracting file; by default this one, and for
 *                       another processor npm's
 *   --level N           the level of gzip, 1 to 9; by default 9
 *
 * The file is made by `deno compile`, which downloads its base. Where that cannot be downloaded, a
 * self-extracting file is made instead: a script with the whole of Deno behind it.
 */
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { fetchRuntime } from "./compile/foreign_runtime.ts";
import { type Member, packSelfExtracting } from "./compile/self_extracting.ts";
import { type Arch, HOST, makeStage, ROOT, type Stage, TARGETS } from "./compile/stage.ts";
import { runTool, ToolError } from "./compile/tool.ts";

/**
 * They are fixed in the program, before anybody knows its configuration: for folders below
 * `/dev/shm`, which are a good place for segments, Deno asks for all of them. Where Deno is started
 * with the configuration at hand, `scripts/permissions.sh` says what is needed.
 */
const PERMISSIONS = ["--allow-all"];

interface Options {
  readonly output: string;
  readonly arch: Arch;
  readonly selfExtracting: boolean;
  readonly runtime: string | undefined;
  readonly level: number;
}

/** What was built. */
export interface Built {
  readonly output: string;
  readonly stage: Stage;
  /** What is in a self-extracting file; `undefined` where `deno compile` made it. */
  readonly members: readonly Member[] | undefined;
}

/**
 * Builds Echo as the options say.
 * @throws {ToolError} where a tool fails
 * @throws {TypeError} for wrong options
 */
export async function build(args: string[]): Promise<Built> {
  const options = parseOptions(args);
  const { output, arch, selfExtracting } = options;
  await Deno.mkdir(dirname(output), { recursive: true });
  const stage = await makeStage(join(dirname(output), "build"), arch);
  const compiled = !selfExtracting && await compile(stage, options);
  const members = compiled ? undefined : await pack(stage, options);
  const { size } = await Deno.stat(output);
  say(`${output}: ${(size / 1e6).toFixed(1)} MB`);
  return { output, stage, members };
}

function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      output: { type: "string", default: join(ROOT, "dist/echo") },
      arch: { type: "string", default: HOST },
      "self-extracting": { type: "boolean", default: false },
      runtime: { type: "string" },
      level: { type: "string", default: "9" },
    },
  });
  const { arch, level } = values;
  if (arch !== "amd64" && arch !== "arm64") {
    throw new TypeError(`Cannot parse --arch: expected amd64 or arm64, got ${arch}`);
  }
  if (!/^[1-9]$/.test(level)) {
    throw new TypeError(`Cannot parse --level: expected 1 to 9, got ${level}`);
  }
  return {
    output: resolve(values.output),
    arch,
    selfExtracting: values["self-extracting"],
    runtime: values.runtime,
    level: Number(level),
  };
}

/** Runs `deno compile`. @returns false where Deno's base cannot be downloaded */
async function compile(stage: Stage, { output, arch }: Options): Promise<boolean> {
  const inside = [...stage.workers, ...stage.library === undefined ? [] : [stage.library]];
  const target = Deno.build.os === "linux" ? ["--target", TARGETS[arch]] : [];
  // Deno refuses to replace a file that it did not make, and the old file may be running.
  const temporary = `${output}.new`;
  const args = [
    "compile",
    "--no-check",
    "--frozen",
    ...stage.flags,
    ...PERMISSIONS,
    ...target,
    ...inside.flatMap((file) => ["--include", join(stage.folder, file)]),
    "--output",
    temporary,
    join(stage.folder, stage.program),
  ];
  try {
    await runTool(Deno.execPath(), args, { cwd: ROOT, show: true });
    await Deno.rename(temporary, output);
    return true;
  } catch (error) {
    const why = error instanceof ToolError ? whyNoBase(error.output) : undefined;
    if (why === undefined) throw error;
    say(`deno compile cannot get its base, denort: ${why}`);
    return false;
  }
}

/**
 * Why `deno compile` could not download its base, taken from what it printed. `undefined` where
 * something else failed, such as reading the base that `DENORT_BIN` names.
 */
export function whyNoBase(output: string): string | undefined {
  if (!/base binary/.test(output)) return undefined;
  return /^ *1: (.*)/m.exec(output)?.[1] ?? "it cannot be downloaded";
}

async function pack(stage: Stage, options: Options): Promise<Member[]> {
  const { output, arch, runtime, level } = options;
  if (Deno.build.os !== "linux") {
    throw new Error(`Cannot make a self-extracting file: expected Linux, got ${Deno.build.os}`);
  }
  say("making a self-extracting file instead: the whole of Deno, unpacked at the first start");
  return await packSelfExtracting(stage, output, {
    runtime: runtime ?? await runtimeFor(arch, stage.folder),
    level,
  });
}

async function runtimeFor(arch: Arch, folder: string): Promise<string> {
  return arch === HOST ? Deno.execPath() : await fetchRuntime(arch, folder);
}

function say(text: string): void {
  console.error(`compile: ${text}`);
}

if (import.meta.main) {
  try {
    await build(Deno.args);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}
