import assert from "node:assert/strict";
import { buildEcho } from "./built_echo.ts";

// The base of compiled programs may be out of reach; a Deno can stand in for it, though what comes
// out then runs as that.
Deno.test("deno compile puts the program, its worker and libsrt into one file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "echo-dist-" });
  try {
    const output = await buildEcho(folder, [], { DENORT_BIN: Deno.execPath() });
    const files = [...output.matchAll(/[├└]── (\S+) \(/g)].map(([, name = ""]) => name);
    const library = Deno.build.os === "linux" ? ["libsrt.so"] : [];
    assert.deepEqual(files.sort(), ["bcrypt_worker.js", ...library, "main.js"], output);
    const program = await Deno.readTextFile(`${folder}/build/main.js`);
    for (const part of ["./bcrypt_worker.js", "libsrt.so", "createRequire"]) {
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
