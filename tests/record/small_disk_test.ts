/** Recording on a disk that is full or may not be written to. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../testing/record/small_disk.ts", import.meta.url));

/** Mounts a disk of 512 kB for as long as the program runs, and obeys permissions, root or not. */
const SCRIPT = `
  folder=$1 && shift
  mount -t tmpfs -o size=512k none "$folder" || exit
  trap 'cd / && umount "$folder"' EXIT
  cd "$folder" && setpriv --bounding-set=-dac_override,-dac_read_search "$@"
`;

async function runOnSmallDisk(name: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "echo-disk-" });
  // Who is not root may mount in a namespace of its own.
  const asRoot = Deno.uid() === 0 ? [] : ["unshare", "--map-root-user", "--mount"];
  try {
    const program = [Deno.execPath(), "run", "--no-check", "--cached-only", "-A", PROGRAM, name];
    const [command = "", ...args] = [...asRoot, "sh", "-c", SCRIPT, "sh", folder, ...program];
    const { success, stdout, stderr } = await new Deno.Command(command, {
      args,
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

Deno.test("a folder that cannot be synced costs no recording, and is said once", async () => {
  await runOnSmallDisk("unsynced");
});

Deno.test("in a folder that may not be written to, what is live is kept until it may", async () => {
  await runOnSmallDisk("readOnly");
});
