/** What `deno compile` makes of Echo: one file with all that it needs. */
import assert from "node:assert/strict";
import { whyNoBase } from "../../scripts/compile.ts";
import { buildEcho } from "../../testing/dist/built_echo.ts";

// The base of compiled programs may be out of reach; a Deno can stand in for it, though what comes
// out then runs as that.
Deno.test("deno compile puts the program, its workers and libsrt into one file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "echo-dist-" });
  try {
    const output = await buildEcho(folder, [], { DENORT_BIN: Deno.execPath() });
    const files = [...output.matchAll(/[├└]── (\S+) \(/g)].map(([, name = ""]) => name);
    const library = Deno.build.os === "linux" ? ["libsrt.so"] : [];
    assert.deepEqual(
      files.sort(),
      ["bcrypt_worker.js", "http_worker.js", ...library, "main.js", "part_worker.js"],
      output,
    );
    const program = await Deno.readTextFile(`${folder}/build/main.js`);
    const workers = ["./bcrypt_worker.js", "./http_worker.js", "./part_worker.js"];
    for (const part of [...workers, "libsrt.so", "createRequire"]) {
      assert.ok(program.includes(part), part);
    }
    const { size } = await Deno.stat(`${folder}/echo`);
    const base = await Deno.stat(Deno.execPath());
    const inside = await Deno.stat(`${folder}/build/main.js`);
    assert.ok(size > base.size + inside.size);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what deno compile prints without its base is told from what else it may fail of", () => {
  const failed = "error: Writing deno compile executable to temporary file 'echo.new.tmp-1'";
  const unreachable = [
    "Download https://dl.deno.land/release/v2.9.6/denort-x86_64-unknown-linux-gnu.zip",
    `${failed}\n\nCaused by:`,
    "    0: Setting up base binary.",
    "    1: error sending request: dns error: Name or service not known",
    "    2: dns error",
  ].join("\n");
  assert.equal(
    whyNoBase(unreachable),
    "error sending request: dns error: Name or service not known",
  );
  const wrongBase = `${failed}\n\nCaused by:\n    0: Could not find denort at '/denort'\n`;
  assert.equal(whyNoBase(wrongBase), undefined);
  assert.equal(whyNoBase(`${failed}\n\nCaused by:\n    No space left on device`), undefined);
  assert.equal(whyNoBase("error: Failed caching npm package 'hono@4.13.19'"), undefined);
});
