/** The stage: a folder with all that goes into one file: bundles and libsrt. */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import denoJson from "../../deno.json" with { type: "json" };
import { runTool } from "./tool.ts";

/** The folder of the project. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** The processors that Echo is built for, by Debian's names, with Deno's names of the targets. */
export const TARGETS = {
  amd64: "x86_64-unknown-linux-gnu",
  arm64: "aarch64-unknown-linux-gnu",
} as const;

/** A processor, by Debian's name. */
export type Arch = keyof typeof TARGETS;

/** This machine's processor. */
export const HOST: Arch = Deno.build.arch === "aarch64" ? "arm64" : "amd64";

const WORKERS = [
  "src/passwords/bcrypt_worker.ts",
  "src/station/threads/http_worker.ts",
  "src/storage/part_worker.ts",
];

/** What `scripts/build-libsrt.sh` writes about the library that it linked. */
export interface LibsrtFacts {
  readonly version: string;
  /** The oldest glibc that it loads with. */
  readonly glibc: string;
  /** The versions of the Debian source packages that it was linked from, by their names. */
  readonly sources: Readonly<Record<string, string>>;
}

/** The folder, and what is in it. */
export interface Stage {
  readonly folder: string;
  readonly arch: Arch;
  /** The name of the bundled program, which has the pages in it. */
  readonly program: string;
  /** The names of the workers. The program finds them beside itself. */
  readonly workers: readonly string[];
  /** The name of libsrt, which is beside the program; `undefined` on macOS, which has its own. */
  readonly library: string | undefined;
  readonly libsrt: LibsrtFacts | undefined;
  /** Options of `deno run` and `deno compile`, but for the permissions. */
  readonly flags: readonly string[];
}

/**
 * The options of `deno task start`, but for the permissions. It gets a small heap for young objects:
 * frames leave no garbage, so that V8 need not let this heap grow.
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

/** Bundles the program. Workers are not part of that bundle, so each gets one of its own. */
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
 * Bundles `entry` into `folder`, with a source map beside it. It does not use `--keep-names`: with
 * that, Deno 2.9 gives CommonJS packages no `require`.
 * @returns the bundle's name
 */
async function bundle(entry: string, folder: string): Promise<string> {
  const options = ["--quiet", "--minify", "--platform", "deno", "--frozen"];
  const output = ["--sourcemap", "external", "--outdir", folder];
  await runTool(Deno.execPath(), ["bundle", ...options, ...output, join(ROOT, entry)], {
    cwd: ROOT,
  });
  const name = basename(entry).replace(/\.ts$/, ".js");
  const code = await Deno.readTextFile(join(folder, name));
  if (code.includes(ASKS_FOR_REQUIRE)) {
    await Deno.writeTextFile(join(folder, name), REQUIRE + code);
  }
  return name;
}

/**
 * What is left of the `require` of CommonJS packages where Deno 2.9 does not put its own in the place
 * of it, as where the short name that it has in the bundle has a `$`.
 */
const ASKS_FOR_REQUIRE = 'typeof require<"u"';
const REQUIRE =
  'import{createRequire}from"node:module";const require=createRequire(import.meta.url);\n';

/** The statement that is put before the program, and that `src/version.ts` reads. */
function statement(libsrt: LibsrtFacts | undefined): string {
  const parts = [`Deno ${Deno.version.deno}`];
  if (libsrt !== undefined) {
    const openssl = libsrt.sources["openssl"] ?? "of unknown version";
    parts.push(`libsrt ${libsrt.version} (OpenSSL ${openssl}, glibc ${libsrt.glibc} or newer)`);
  }
  return `globalThis.echoBuild=${JSON.stringify(parts.join(", "))};\n`;
}
