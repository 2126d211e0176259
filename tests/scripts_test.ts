/** What all scripts have in common: the pinned runtime, its options, and refused arguments. */
import assert from "node:assert/strict";
import { ROWS } from "../src/config.ts";
import denoJson from "../deno.json" with { type: "json" };

/** What the task asks for the permissions. */
const ASKED = "$(sh -c '. ./scripts/permissions.sh; permissions echo.env')";

Deno.test("the runtime is the pinned one", async () => {
  assert.equal(Deno.version.deno, (await read(".deno-version")).trim());
});

Deno.test("all scripts run it with the same options, as the task does", async () => {
  for (const script of ["scripts/run-dev.sh", "scripts/run.sh"]) {
    const flags = /^flags=\((.*)\)$/m.exec(await read(script))?.[1];
    // They work the permissions out before, of an environment that is complete.
    const task = flags?.replace('"${allowed[@]}"', ASKED);
    assert.equal(denoJson.tasks.start, `deno run ${task} main.ts`, script);
  }
});

Deno.test("Deno allows what Echo uses, and all where a folder below /dev is configured", async () => {
  const folder = await Deno.makeTempDir();
  const envFile = `${folder}/echo.env`;
  const logging = `${folder}/logging.yml`;
  await Deno.writeTextFile(logging, "appenders:\n  a:\n    path: /dev/shm/echo.log\n");
  const link = `${folder}/link`;
  await Deno.symlink("/dev/shm", link);
  const used = "--allow-read --allow-write --allow-net --allow-env --allow-ffi --allow-sys\n";
  for (
    const [text, env, expected] of [
      ["", {}, used],
      ["export HLS_ROOT_DIR=/srv/dev/shm\nPS1=/dev/x\n", { SSH_TTY_FILE: "/dev/pts/0" }, used],
      ["export RECORD_ROOT_DIR='/var/lib/echo'", { HLS_ROOT_DIR: "output/hls" }, used],
      ['export HLS_ROOT_DIR="/dev/shm/echo"', {}, "--allow-all\n"],
      ["HLS_WEB_ENABLED=1\n  HLS_ROOT_DIR=/dev/shm/echo # fast", {}, "--allow-all\n"],
      ["", { RECORD_ROOT_DIR: "/dev/shm/echo" }, "--allow-all\n"],
      ["", { LOG4RS_FILE: logging }, "--allow-all\n"],
      [`LOG4RS_FILE="${logging}"`, {}, "--allow-all\n"],
      ["", { HLS_ROOT_DIR: `${link}/echo/hls` }, "--allow-all\n"],
    ] as const
  ) {
    await Deno.writeTextFile(envFile, text);
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", '. "$0"; permissions "$1"', scriptPath("permissions.sh"), envFile],
      env,
    }).output();
    assert.equal(new TextDecoder().decode(stdout), expected, text + JSON.stringify(env));
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the service has room for as many threads as all sessions take, and a bound of its memory", async () => {
  const unit = await read("scripts/echo.service");
  const number = (name: string) => Number(new RegExp(`^${name}=(\\d+)`, "m").exec(unit)?.[1]);
  const sessions = ROWS.find(({ variable }) => variable.name === "ECHO_MAX_SESSIONS");
  // Two for a port, one for its publisher, four for those that wait.
  assert.ok(number("TasksMax") > 7 * Number(sessions?.variable.fallback));
  assert.ok(number("MemoryMax") > 0);
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

Deno.test("Deno allows all where a folder is on a disk of the network", async () => {
  const folder = await Deno.makeTempDir();
  for (
    const [type, expected] of [["nfs", true], ["fuseblk", true], ["ext2/ext3", false]] as const
  ) {
    // It stands for the system's own.
    await Deno.writeTextFile(`${folder}/stat`, `#!/bin/sh\necho ${type}\n`, { mode: 0o755 });
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", '. "$0"; permissions /dev/null', scriptPath("permissions.sh")],
      env: { PATH: `${folder}:${Deno.env.get("PATH")}`, HLS_ROOT_DIR: `${folder}/hls` },
    }).output();
    assert.equal(new TextDecoder().decode(stdout) === "--allow-all\n", expected, type);
  }
  await Deno.remove(folder, { recursive: true });
});

async function read(file: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../${file}`, import.meta.url));
}

async function run(
  script: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: [scriptPath(script), ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function scriptPath(script: string): string {
  return new URL(`../scripts/${script}`, import.meta.url).pathname;
}
