/** What `scripts/permissions.sh` works out, for tests and benchmarks that start Echo. */
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../scripts/permissions.sh", import.meta.url));

/**
 * What Deno is to allow Echo, as options of `deno run`.
 * @param env of the server, beside that of this process
 * @param cwd of the server
 */
export function permissions(env: Readonly<Record<string, string>>, cwd: string): string[] {
  const args = ["-c", '. "$0"; permissions /dev/null', SCRIPT];
  const { stdout } = new Deno.Command("sh", { args, env: { ...env }, cwd }).outputSync();
  return new TextDecoder().decode(stdout).trim().split(" ");
}
