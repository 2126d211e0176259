/** Finds out what is in the bundled program: files, npm packages and their licences. */
import { dirname, join, resolve } from "node:path";
import type { Stage } from "../compile/stage.ts";

/** A file whose code is in the program, as the source maps say. */
export interface BundledSource {
  readonly path: string;
  readonly text: string;
}

/** An npm package that has code in the program. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly license: string;
  readonly licenseText: string;
}

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[];
}

/** All files that are in the program and its workers. */
export async function bundledSources(stage: Stage): Promise<BundledSource[]> {
  const sources: BundledSource[] = [];
  for (const program of [stage.program, ...stage.workers]) {
    const file = join(stage.folder, `${program}.map`);
    const map: SourceMap = JSON.parse(await Deno.readTextFile(file));
    map.sources.forEach((source, i) => {
      sources.push({ path: resolve(stage.folder, source), text: map.sourcesContent[i] ?? "" });
    });
  }
  return sources;
}

/** The npm packages among them, by name. @throws {Error} for one without a licence */
export async function bundledPackages(
  sources: readonly BundledSource[],
): Promise<BundledPackage[]> {
  const folders = new Set<string>();
  for (const { path } of sources) {
    const folder = /^.*\/npm\/[^/]+\/(?:@[^/]+\/)?[^/]+\/\d[^/]*(?=\/)/.exec(path)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  const packages = await Promise.all([...folders].map(readPackage));
  return packages.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function readPackage(folder: string): Promise<BundledPackage> {
  const manifest = JSON.parse(await Deno.readTextFile(join(folder, "package.json")));
  const { name, version, license } = manifest as Record<"name" | "version" | "license", string>;
  for await (const entry of Deno.readDir(folder)) {
    if (!/^(licen[cs]e|copying)/i.test(entry.name)) continue;
    const licenseText = await Deno.readTextFile(join(folder, entry.name));
    return { name, version, license, licenseText };
  }
  throw new Error(`Cannot tell the licence of ${name}: there is no file of it`);
}

/** The licence of Deno, from the file beside it where npm installed it; else where to read it. */
export async function denoLicense(): Promise<string> {
  try {
    return await Deno.readTextFile(join(dirname(Deno.execPath()), "LICENSE"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `MIT License, see https://github.com/denoland/deno/blob/v${Deno.version.deno}/LICENSE.md`;
  }
}
