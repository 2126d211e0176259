import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import denoJson from "../../deno.json" with { type: "json" };
import { runTool } from "./tool.ts";

export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** The processors that Echo is built for, by Debian's names, with those of Deno's targets. */
export const TARGETS = {
  amd64: "x86_64-unknown-linux-gnu",
  arm64: "aarch64-unknown-linux-gnu",
} as const;

export type Arch = keyof typeof TARGETS;

/** This machine's. */
export const HOST: Arch = Deno.build.arch === "aarch64" ? "arm64" : "amd64";

const WORKERS = ["src/control/bcrypt_worker.ts"];

/** What `scripts/build-libsrt.sh` says of the library that it linked. */
export interface LibsrtFacts {
  readonly version: string;
  /** The oldest glibc that it loads with. */
  readonly glibc: string;
  /** Debian's source packages it was linked from, with their versions. */
  readonly sources: Readonly<Record<string, string>>;
}

/** A folder that holds the program as it goes into one file, whichever kind of file that is. */
export interface Stage {
  readonly folder: string;
  readonly arch: Arch;
  /** The program; the pages are in it. */
  readonly program: string;
  /** Programs that it runs as workers, found beside it. */
  readonly workers: readonly string[];
  /** libsrt, found beside it; on macOS the system's is used. */
  readonly library: string | undefined;
  readonly libsrt: LibsrtFacts | undefined;
  /** Options of `deno run` and `deno compile`, but for the permissions. */
  readonly flags: readonly string[];
}

/**
 * As `deno task start` has them. A small heap for what is young: a frame leaves nothing behind, so
 * that V8 need not let it grow.
 */
const RUN_FLAGS = denoJson.tasks.start.split(" ").filter((word) => word.startsWith("--"));

/** Bundles the program and links libsrt for `arch` into `folder`. @throws {ToolError} */
export async function makeStage(folder: string, arch: Arch): Promise<Stage> {
  await Deno.mkdir(folder, { recursive: true });
  const libsrt = Deno.build.os === "linux" ? await linkLibsrt(folder, arch) : undefined;
  const { unstable = [] } = denoJson as { readonly unstable?: readonly string[] };
  return {
    folder,
    arch,
    ...await bundleProgram(folder, libsrt),
    library: libsrt === undefined ? undefined : "libsrt.so",
    libsrt,
    flags: [...RUN_FLAGS, ...unstable.map((feature) => `--unstable-${feature}`)],
  };
}

async function linkLibsrt(folder: string, arch: Arch): Promise<LibsrtFacts> {
  await runTool("bash", [join(ROOT, "scripts/build-libsrt.sh"), "--arch", arch, folder]);
  return JSON.parse(await Deno.readTextFile(join(folder, "libsrt.json")));
}

/** A bundler leaves workers alone: each becomes a bundle of its own, beside the program. */
async function bundleProgram(
  folder: string,
  libsrt: LibsrtFacts | undefined,
): Promise<Pick<Stage, "program" | "workers">> {
  const program = await bundle("main.ts", folder);
  const workers = [];
  let code = await Deno.readTextFile(join(folder, program));
  for (const source of WORKERS) {
    const worker = await bundle(source, folder);
    const parts = code.split(`"./${basename(source)}"`);
    if (parts.length !== 2) {
      throw new Error(`Cannot bundle ${source}: expected 1 use, got ${parts.length - 1}`);
    }
    code = parts.join(`"./${worker}"`);
    workers.push(worker);
  }
  const missed = /new URL\("[^"]*\.ts"/.exec(code);
  if (missed !== null) throw new Error(`Cannot bundle ${missed[0]}: it is not among the workers`);
  await Deno.writeTextFile(join(folder, program), statement(libsrt) + code);
  return { program, workers };
}

/**
 * Bundles `entry` into `folder`, with a source map beside it. Not with `--keep-names`: Deno 2.9 then
 * forgets to give CommonJS packages a `require`.
 * @returns the bundle's name
 */
async function bundle(entry: string, folder: string): Promise<string> {
  const options = ["--quiet", "--minify", "--platform", "deno", "--frozen"];
  const output = ["--sourcemap", "external", "--outdir", folder];
  await runTool(Deno.execPath(), ["bundle", ...options, ...output, join(ROOT, entry)], {
    cwd: ROOT,
  });
  return basename(entry).replace(/\.ts$/, ".js");
}

/** What `src/version.ts` reads; it stands before the program. */
function statement(libsrt: LibsrtFacts | undefined): string {
  const parts = [`Deno ${Deno.version.deno}`];
  if (libsrt !== undefined) {
    const openssl = libsrt.sources["openssl"] ?? "of unknown version";
    parts.push(`libsrt ${libsrt.version} (OpenSSL ${openssl}, glibc ${libsrt.glibc} or newer)`);
  }
  return `globalThis.echoBuild=${JSON.stringify(parts.join(", "))};\n`;
}
