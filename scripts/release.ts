/**
 * Makes a release: builds dist/echo, tries it out, and writes checksums, sizes, a bill of materials
 * and the licences of what is inside. The options are those of compile.ts.
 *
 *   deno task release [OPTION]...
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Built } from "./compile.ts";
import { runTool } from "./compile/tool.ts";
import {
  type BundledPackage,
  bundledPackages,
  type BundledSource,
  bundledSources,
  denoLicense,
} from "./release/bundled.ts";
import { sbom } from "./release/sbom.ts";
import { tryOut } from "./release/try_out.ts";

async function release(args: string[]): Promise<void> {
  const built = await build(args);
  const { output, stage } = built;
  await tryOut(output, stage.arch);
  const sources = await bundledSources(stage);
  const packages = await bundledPackages(sources);
  const bill = JSON.stringify(sbom(packages, stage.libsrt), undefined, 2);
  const files = {
    "SIZES.txt": await sizes(built, sources),
    "THIRD_PARTY_LICENSES.txt": await licences(built, packages),
    "echo.cdx.json": `${bill}\n`,
  };
  const folder = dirname(output);
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  await writeSums(folder, [basename(output), ...Object.keys(files)]);
  console.error(files["SIZES.txt"]);
}

/** A table of the parts and their sizes in bytes, uncompressed and compressed. */
async function sizes(built: Built, sources: readonly BundledSource[]): Promise<string> {
  const { output, stage } = built;
  const parts = built.members ?? await compiledMembers(built);
  const pages = sources.filter(({ path }) => !/\.([cm]?ts|json)$/.test(path) && isPage(path))
    .map(({ text }) => text).join("");
  const total = (await Deno.stat(output)).size;
  const names: Readonly<Record<string, string>> = {
    echo: `runtime (Deno ${Deno.version.deno})`,
    [stage.program]: "program",
  };
  const rows: [name: string, bytes: number, compressed: number][] = [
    ...parts.map(({ name, bytes, compressedBytes }): [string, number, number] => {
      return [names[name] ?? name, bytes, compressedBytes];
    }),
    ["  of the program: pages", new TextEncoder().encode(pages).length, gzipSync(pages).length],
    [basename(output), total, total],
  ];
  const lines = rows.map(([name, bytes, compressed]) => {
    return `${name.padEnd(26)} ${String(bytes).padStart(12)} ${String(compressed).padStart(12)}`;
  });
  return ["part                              bytes   compressed", ...lines, ""].join("\n");
}

/** Whether browsers get the file: it is in src/pages, or a library's file that is made for them. */
function isPage(path: string): boolean {
  return /\/src\/pages\/|\.min\.(js|css)$/.test(path);
}

/** The parts of a file that `deno compile` made; it compresses nothing. */
async function compiledMembers({ output, stage }: Built) {
  const inside = [stage.program, ...stage.workers, stage.library ?? []].flat();
  const members = await Promise.all(inside.map(async (name) => {
    const { size } = await Deno.stat(join(stage.folder, name));
    return { name, bytes: size, compressedBytes: size };
  }));
  const { size } = await Deno.stat(output);
  const runtime = members.reduce((rest, { bytes }) => rest - bytes, size);
  return [{ name: "echo", bytes: runtime, compressedBytes: runtime }, ...members];
}

async function licences({ stage }: Built, packages: readonly BundledPackage[]): Promise<string> {
  const texts = [
    ...packages.map(({ name, version, license, licenseText }) => {
      return section(`${name} ${version} (${license})`, licenseText);
    }),
    section(`Deno ${Deno.version.deno} (MIT)`, await denoLicense()),
  ];
  if (stage.library !== undefined) {
    const text = await Deno.readTextFile(join(stage.folder, "libsrt.copyright"));
    texts.push(section("libsrt, OpenSSL, libstdc++: what Debian says of their sources", text));
  }
  return texts.join("\n");
}

function section(title: string, text: string): string {
  return `${"=".repeat(80)}\n${title}\n${"=".repeat(80)}\n\n${text.trim()}\n`;
}

async function writeSums(folder: string, names: readonly string[]): Promise<void> {
  const lines = await Promise.all(names.map(async (name) => {
    const content = await Deno.readFile(join(folder, name));
    return `${createHash("sha256").update(content).digest("hex")}  ${name}\n`;
  }));
  await Deno.writeTextFile(join(folder, "SHA256SUMS"), lines.join(""));
  await runTool("sh", ["-c", "sha256sum -c SHA256SUMS || shasum -a 256 -c SHA256SUMS"], {
    cwd: folder,
  });
}

if (import.meta.main) {
  try {
    await release(Deno.args);
  } catch (error) {
    console.error(`release: ${error instanceof Error ? error.message : String(error)}`);
    Deno.exit(1);
  }
}
