/** What all scripts have in common: the pinned runtime, its options, and refused arguments. */
import assert from "node:assert/strict";
import denoJson from "../deno.json" with { type: "json" };

Deno.test("the runtime is the pinned one", async () => {
  assert.equal(Deno.version.deno, (await read(".deno-version")).trim());
});

Deno.test("all scripts run it with the same options, as the task does", async () => {
  for (const script of ["scripts/run-dev.sh", "scripts/run.sh"]) {
    const flags = /^flags=\((.*)\)$/m.exec(await read(script))?.[1];
    assert.equal(denoJson.tasks.start, `deno run ${flags} main.ts`, script);
  }
});

Deno.test("arguments that a script does not know are refused in one line", async () => {
  for (const script of ["setup.sh", "test.sh"]) {
    const { code, stdout, stderr } = await run(script, "nonsense");
    assert.notEqual(code, 0);
    assert.equal(stdout, "");
    assert.match(stderr, /^(setup: )?Cannot parse the argument: expected .*, got nonsense\n$/);
  }
});

Deno.test("setup is silent where nothing is missing", async () => {
  assert.deepEqual(await run("setup.sh", "test"), { code: 0, stdout: "", stderr: "" });
});

async function read(file: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../${file}`, import.meta.url));
}

async function run(
  script: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const path = new URL(`../scripts/${script}`, import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: [path.pathname, ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
