/** Makes the self-extracting file: a shell script with Deno and the program behind it. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzip } from "node:zlib";
import { promisify } from "node:util";
import { VERSION } from "../../src/version.ts";
import { ROOT, type Stage, TARGETS } from "./stage.ts";

/** The size of the script, which is filled up with empty lines. The first member follows. */
const SCRIPT_BYTES = 16384;

/** Options that keep Deno from using configuration and registries where it runs. */
const CLOSED = [
  "--quiet",
  "--cached-only",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
];

/** One file of the payload. */
export interface Member {
  readonly name: string;
  /** Its size, uncompressed and compressed. */
  readonly bytes: number;
  readonly compressedBytes: number;
}

export interface SelfExtractingOptions {
  /** The path of the Deno that is put into it. */
  readonly runtime: string;
  /** The level of gzip, 1 (fast) to 9 (small). */
  readonly level: number;
}

/**
 * Writes `output`: the shell script `scripts/self-extract.sh`, followed by the runtime and the
 * stage's files. Each is compressed with gzip, which every system has.
 * @returns what is in it
 */
export async function packSelfExtracting(
  stage: Stage,
  output: string,
  { runtime, level }: SelfExtractingOptions,
): Promise<Member[]> {
  const names = [
    stage.program,
    ...stage.workers,
    ...stage.library === undefined ? [] : [stage.library],
  ];
  const files = [
    { name: "echo", path: runtime },
    ...names.map((name) => ({ name, path: join(stage.folder, name) })),
  ];
  const packed = await Promise.all(files.map(({ name, path }) => pack(name, path, level)));
  const flags = [...CLOSED, ...stage.flags];
  const script = fillIn(
    await Deno.readTextFile(join(ROOT, "scripts/self-extract.sh")),
    packed,
    {
      MACHINE: TARGETS[stage.arch].replace(/-.*/, ""),
      FLAGS: flags.join(" "),
      PERMISSIONS: (await Deno.readTextFile(join(ROOT, "scripts/permissions.sh"))).trimEnd(),
    },
  );
  await write(output, [script, ...packed.map(({ data }) => data)]);
  return packed.map(({ name, bytes, data }) => ({ name, bytes, compressedBytes: data.length }));
}

interface Packed {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly data: Uint8Array;
}

async function pack(name: string, path: string, level: number): Promise<Packed> {
  const content = await Deno.readFile(path);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const data = await promisify(gzip)(content, { level });
  return { name, bytes: content.length, sha256, data };
}

/** Replaces the names between two `@` in the script by their values. */
function fillIn(
  template: string,
  packed: readonly Packed[],
  given: Readonly<Record<"MACHINE" | "FLAGS" | "PERMISSIONS", string>>,
): Uint8Array {
  let first = SCRIPT_BYTES + 1;
  const members = packed.map(({ name, data }) => {
    const member = `${name} ${first} ${data.length}`;
    first += data.length;
    return member;
  });
  const [runtime, ...program] = packed.map(({ name, sha256 }) => `${sha256}  ${name}`);
  // The version names the folder in the cache, so other contents have another version.
  const contents = createHash("sha256").update(
    template + packed.map(({ sha256 }) => sha256) + given.FLAGS + given.PERMISSIONS,
  );
  const values: Record<string, string> = {
    VERSION: `echo-${VERSION}-${contents.digest("hex").slice(0, 16)}`,
    SIZE_MB: String(Math.ceil(packed.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6)),
    MEMBERS: members.join("\n"),
    RUNTIME_SUM: runtime ?? "",
    PROGRAM_SUMS: program.join("\n"),
    ...given,
  };
  const script = template.replace(/@([A-Z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`Cannot fill in @${name}@: there is no such value`);
    return value;
  });
  const bytes = new Uint8Array(SCRIPT_BYTES).fill("\n".charCodeAt(0));
  bytes.set(new TextEncoder().encode(script));
  return bytes;
}

/** Writes the file under another name and renames it, because the old one may be running. */
async function write(output: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = `${output}.new`;
  using file = await Deno.create(temporary);
  for (let part of parts) {
    while (part.length > 0) part = part.subarray(await file.write(part));
  }
  await Deno.chmod(temporary, 0o755);
  await Deno.rename(temporary, output);
}
