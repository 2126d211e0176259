/** The Deno of another processor: which package of npm it is taken from, and what is taken. */
import assert from "node:assert/strict";
import { withFolder } from "../../testing/temporary_folder.ts";

/** Packs a package as npm's are, and writes down what it was asked for. */
const NPM = `#!/bin/sh
echo "$*" >asked
mkdir package && echo runtime >package/deno && echo more >package/README.md
tar -czf deno.tgz package && rm -r package && echo deno.tgz
`;

Deno.test("the Deno of another processor is the file in npm's package of the same version", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/bin`);
    await Deno.writeTextFile(`${folder}/bin/npm`, NPM, { mode: 0o755 });
    const module = new URL("../../scripts/compile/foreign_runtime.ts", import.meta.url).href;
    const code = `import { fetchRuntime } from "${module}";` +
      `console.log(await fetchRuntime("arm64", "${folder}"));`;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", code],
      env: { PATH: `${folder}/bin:${Deno.env.get("PATH")}` },
    }).output();
    const decoder = new TextDecoder();
    assert.equal(decoder.decode(stdout).trim(), `${folder}/package/deno`, decoder.decode(stderr));
    assert.equal(await Deno.readTextFile(`${folder}/package/deno`), "runtime\n");
    const asked = await Deno.readTextFile(`${folder}/asked`);
    assert.ok(asked.trim().endsWith(` @deno/linux-arm64-glibc@${Deno.version.deno}`), asked);
    const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assert.deepEqual(left.sort(), ["asked", "bin", "package"]);
  });
});
