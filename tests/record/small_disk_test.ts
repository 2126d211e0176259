import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("./small_disk.ts", import.meta.url));

/** Mounts a disk of 512 kB for nobody else to see, and obeys permissions, root or not. */
const SCRIPT = `
  mount -t tmpfs -o size=512k none "$1" && cd "$1" && shift &&
  exec setpriv --bounding-set=-dac_override "$@"
`;

async function runOnSmallDisk(name: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "echo-disk-" });
  try {
    const program = [Deno.execPath(), "run", "--no-check", "--cached-only", "-A", PROGRAM, name];
    const { success, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh", folder, ...program],
      env: { NO_COLOR: "1" },
    }).output();
    const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    assert.ok(success && said.trim().endsWith("done"), said);
  } finally {
    await Deno.remove(folder);
  }
}

Deno.test("a full disk costs what does not fit; recording goes on by itself when there is room", async () => {
  await runOnSmallDisk("full");
});

Deno.test("in a folder that may not be written to, what is live is kept until it may", async () => {
  await runOnSmallDisk("readOnly");
});
