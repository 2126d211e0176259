/** Gets the Deno of another processor, which npm has in a package of its own. */
import { join } from "node:path";
import { type Arch } from "./stage.ts";
import { runTool } from "./tool.ts";

/** The names of processors in npm's packages of Deno. */
const NPM_NAMES: Readonly<Record<Arch, string>> = { amd64: "x64", arm64: "arm64" };

/**
 * Downloads the Deno of this version for `arch` into `folder`; npm checks it by its hash.
 * @returns the path of the program
 * @throws {ToolError}
 */
export async function fetchRuntime(arch: Arch, folder: string): Promise<string> {
  const name = `@deno/linux-${NPM_NAMES[arch]}-glibc@${Deno.version.deno}`;
  const pack = ["pack", "--silent", "--pack-destination", folder, name];
  const archive = (await runTool("npm", pack, { cwd: folder })).trim();
  await runTool("tar", ["-xzf", archive, "package/deno"], { cwd: folder });
  await Deno.remove(join(folder, archive));
  return join(folder, "package/deno");
}
