/**
 * The self-extracting file that Linux gets: how it unpacks itself, also where that is disturbed.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import bcrypt from "bcryptjs";
import { Child } from "../../testing/child.ts";
import { freePorts } from "../../testing/free_ports.ts";
import { until } from "../../testing/until.ts";
import {
  assertRefused,
  assertShown,
  BuiltEcho,
  type Ended,
  run,
} from "../../testing/dist/built_echo.ts";

/** Somebody with few rights, and no home. */
const NOBODY = Deno.uid() === 0
  ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  : [];

const CANNOT_MOUNT = 99;

/** Runs a command on a disk of its own, mounted at $1 with the options $2; root obeys permissions. */
const ON_DISK = `
  folder=$1 options=$2 && shift 2
  mkdir "$folder" && mount -t tmpfs -o "$options" none "$folder" || exit ${CANNOT_MOUNT}
  trap 'umount "$folder"' EXIT
  setpriv --bounding-set=-dac_override "$@"
`;

const tests: Readonly<Record<string, (echo: BuiltEcho) => Promise<void>>> = {
  async "the server takes the place of the script, with everything it needs"(echo) {
    const cache = echo.newCache();
    const [control = 0, rtmp = 0, srt = 0] = freePorts(3);
    await Deno.writeTextFile(
      join(echo.folder, "users"),
      `anna:${bcrypt.hashSync("anna's word", 4)}\n`,
    );
    await Deno.writeTextFile(
      join(echo.folder, "my own.env"),
      [
        `export ECHO_ADDR="127.0.0.1:${control}"`,
        `export RTMP_ADDR="127.0.0.1:${rtmp}"`,
        `export ECHO_SRT_ADDR="127.0.0.1:${srt}"`,
        'export ECHO_AUTH="key"',
        'export ECHO_HTPASSWD_FILE="users"',
        'export HLS_ENABLED="0"',
        'export RECORD_ENABLED="0"',
        'export STAT_WEB_ENABLED="0"',
      ].join("\n"),
    );
    await using server = new Child(
      "env",
      ["-i", `CACHE_DIRECTORY=${cache}`, echo.program, "--env-file", "my own.env"],
      { cwd: echo.folder },
    );
    await server.line(new RegExp(`SRT listens on 127\\.0\\.0\\.1:${srt}$`));
    await server.line(new RegExp(`control API listens on 127\\.0\\.0\\.1:${control}$`));
    const unpacked = await echo.unpacked(cache);
    assert.equal(await Deno.readTextFile(`/proc/${server.pid}/comm`), "echo\n");
    assert.equal(await Deno.readLink(`/proc/${server.pid}/exe`), join(unpacked, "echo"));
    const maps = await Deno.readTextFile(`/proc/${server.pid}/maps`);
    assert.ok(maps.includes(join(unpacked, "libsrt.so")), "libsrt is not the one that is inside");
    const command = (await Deno.readTextFile(`/proc/${server.pid}/cmdline`)).split("\0");
    assert.ok(command.includes("--allow-write") && !command.includes("--allow-all"));
    // Passwords are checked by the worker.
    assert.equal(await publish(control, "anna:anna's word"), 200);
    assert.equal(await publish(control, "anna:another word"), 401);
    assert.equal((await server.stop("SIGTERM")).code, 0, server.output);
    const shown = await echo.show(cache, echo.program);
    const [, build = ""] = shown.output.split("\n");
    assert.match(build, /^# Deno \S+, libsrt 1\.\S+ \(OpenSSL \S+, glibc 2\.\d+ or newer\)$/);
    const wrong = await run([echo.program, "two words"], { CACHE_DIRECTORY: cache });
    assert.equal(wrong.code, 2);
    assert.match(wrong.output, /^echo: .*got "two words"$/);
  },

  async "arguments arrive as they are"(echo) {
    const args = ["two words", "*", "", "$HOME"];
    const { output } = await run([echo.quick, ...args], { CACHE_DIRECTORY: echo.newCache() });
    assert.deepEqual(output.split("\n").slice(-4), args);
    const env = { CACHE_DIRECTORY: echo.newCache() };
    assertShown(await run(["sh", "-c", "./quick -v"], env, echo.folder));
    assertShown(await run(["sh", "quick", "-v"], env, echo.folder));
  },

  async "three first starts at once are one unpacking"(echo) {
    const cache = echo.newCache();
    const starts = await Promise.all([1, 2, 3].map(() => echo.show(cache, echo.program)));
    starts.forEach(assertShown);
    await echo.unpacked(cache);
  },

  async "where nothing can be locked, starts at once do not take each other's place"(echo) {
    const cache = echo.newCache();
    const PATH = await echo.pathWith("flock", "exit 1");
    const starts = await Promise.all(
      [1, 2, 3, 4].map(() => echo.show(cache, echo.quick, { PATH })),
    );
    starts.forEach(assertShown);
    await echo.unpacked(cache);
  },

  async "a first start that was killed leaves nothing that the next one minds"(echo) {
    const cache = echo.newCache();
    await using first = new Child(echo.program, ["-v"], { env: { CACHE_DIRECTORY: cache } });
    await until("it unpacks", async () => !first.running || await isUnpacking(cache));
    await first.stop("SIGKILL");
    assertShown(await echo.show(cache, echo.program));
    await echo.unpacked(cache);
  },

  async "a first start that is told to end does, and leaves nothing"(echo) {
    const cache = echo.newCache();
    await using first = new Child(echo.program, ["-v"], { env: { CACHE_DIRECTORY: cache } });
    await until("it unpacks", async () => !first.running || await isUnpacking(cache));
    const { signal } = await first.stop("SIGTERM");
    if (signal === "SIGTERM") assert.deepEqual(await Array.fromAsync(Deno.readDir(cache)), []);
    assertShown(await echo.show(cache, echo.program));
    await echo.unpacked(cache);
  },

  async "what was changed is replaced"(echo) {
    const cache = await echo.fullCache();
    const folder = await echo.unpacked(cache);
    for (const file of ["echo", "main.js", "bcrypt_worker.js", "libsrt.so"]) {
      const path = join(folder, file);
      await Deno.chmod(path, 0o755);
      const { mtime } = await Deno.stat(path);
      // A byte of another value, at the same size and time.
      await changeByte(path, 20);
      await Deno.utime(path, mtime ?? 0, mtime ?? 0);
      await Deno.chmod(path, file === "echo" ? 0o555 : 0o444);
      await replaced(file);
    }
    await Deno.remove(join(folder, "main.js"));
    await replaced("a file that is gone");
    await Deno.chmod(join(folder, "main.js"), 0o666);
    await replaced("a file that others may write");
    await Deno.chmod(folder, 0o777);
    await replaced("a folder that others may write");

    async function replaced(what: string): Promise<void> {
      const { code, output } = await echo.show(cache);
      assert.match(output, /^echo: .* was changed; it is replaced\nEcho\//, what);
      assert.equal(code, 0, what);
      assert.equal(await echo.unpacked(cache), folder);
      assertShown(await echo.show(cache));
    }
  },

  async "a cache that was copied is used as it is"(echo) {
    const cache = await echo.fullCache();
    const copy = echo.newCache();
    assert.equal((await run(["cp", "-r", "--preserve=mode", cache, copy])).code, 0);
    assertShown(await echo.show(copy));
    assertShown(await echo.show(copy));
  },

  async "other versions go when nobody runs them"(echo) {
    const cache = await echo.fullCache();
    const folder = await echo.unpacked(cache);
    const [idle, used] = [join(cache, "echo-1.0.0-idle"), join(cache, "echo-1.0.0-used")];
    for (const old of [idle, used, join(cache, ".echo-unpack.killed")]) await Deno.mkdir(old);
    for (const old of [idle, used]) await Deno.writeTextFile(join(old, "stamp"), "");
    {
      await using _user = new Child("flock", ["--no-fork", "-s", used, "sleep", "600"]);
      await until("it is locked", async () => {
        return (await run(["flock", "-n", "-x", used, "true"])).code !== 0;
      });
      assertShown(await echo.show(cache));
      const names = (await Array.fromAsync(Deno.readDir(cache))).map(({ name }) => name).sort();
      assert.deepEqual(names, ["echo-1.0.0-used", folder.slice(cache.length + 1)]);
    }
    assertShown(await echo.show(cache));
    await echo.unpacked(cache);
  },

  async "a removal that was killed is completed"(echo) {
    const cache = await echo.fullCache();
    const old = join(cache, "echo-1.0.0-idle");
    await Deno.mkdir(old);
    for (const file of ["stamp", "echo"]) await Deno.writeTextFile(join(old, file), "");
    const PATH = await echo.pathWith(
      "rm",
      'for last; do :; done; unlink "$last/stamp" && kill -KILL $PPID',
    );
    await echo.show(cache, echo.quick, { PATH });
    assertShown(await echo.show(cache));
    await echo.unpacked(cache);
  },

  async "a cache whose folders inherit its group is as good"(echo) {
    const cache = echo.newCache();
    await Deno.mkdir(cache);
    await Deno.chmod(cache, 0o2755);
    assertShown(await echo.show(cache));
    assertShown(await echo.show(cache));
  },

  async "without a home, it goes where this user may write and nobody else"(echo) {
    const temporary = join(echo.folder, "tmp");
    await Deno.mkdir(temporary);
    await Deno.chmod(temporary, 0o1777);
    const show = async (...env: string[]) => {
      return await run([...NOBODY, "env", "-u", "HOME", ...env, echo.quick, "-v"], {}, "/");
    };
    assertShown(await show(`TMPDIR=${temporary}`));
    assertShown(await show(`TMPDIR=${temporary}`));
    await Deno.chmod(join(temporary, `echo-${NOBODY.length > 0 ? 65534 : Deno.uid()}`), 0o777);
    const opened = await show(`TMPDIR=${temporary}`);
    assertRefused(opened, /it is not this user's alone to write to\. Set CACHE_DIRECTORY to one$/);
    const home = join(temporary, "home");
    await Deno.mkdir(home);
    await Deno.chmod(home, 0o777);
    assertShown(await show(`HOME=${home}`));
    await echo.unpacked(join(home, ".cache/echo"));
  },

  async "a cache that others may write to, or that is no folder, is refused"(echo) {
    const cache = echo.newCache();
    await Deno.mkdir(cache);
    await Deno.chmod(cache, 0o777);
    assertRefused(await echo.show(cache), /it is not this user's alone to write to$/);
    assertRefused(await echo.show(echo.quick), /it is not a folder$/);
    assertRefused(await echo.show(`${echo.quick}/cache`), /Not a directory$/);
  },

  async "a cache that may only be read is used, and where it is empty refused"(echo) {
    const cache = await echo.fullCache();
    await Deno.mkdir(join(cache, ".echo-unpack.killed"));
    await Deno.writeTextFile(join(cache, ".echo-unpack.killed/echo"), "");
    await Deno.chmod(cache, 0o555);
    const show = async (folder: string) => {
      return await run([...NOBODY, echo.quick, "-v"], { CACHE_DIRECTORY: folder }, echo.folder);
    };
    assertShown(await show(cache));
    await Deno.chmod(cache, 0o755);
    const empty = echo.newCache();
    await Deno.mkdir(empty);
    await Deno.chmod(empty, 0o555);
    assertRefused(await show(empty), /it cannot be written to$/);
  },

  async "what root has unpacked is not read as a whole by others at each start"(echo) {
    if (NOBODY.length === 0) return;
    const copy = echo.newCache();
    // Another inode, as where it came with an image.
    assert.equal(
      (await run(["cp", "-r", "--preserve=mode", await echo.fullCache(), copy])).code,
      0,
    );
    const log = join(echo.folder, "sums");
    await Deno.writeTextFile(log, "");
    await Deno.chmod(log, 0o666);
    const PATH = await echo.pathWith("sha256sum", `tee -a ${log} | /usr/bin/sha256sum "$@"`);
    await Deno.chmod(PATH.split(":")[0] ?? "", 0o755);
    const env = { CACHE_DIRECTORY: copy, PATH };
    assertShown(await run([...NOBODY, echo.quick, "-v"], env, echo.folder));
    const checked = (await Deno.readTextFile(log)).match(/\S+$/gm);
    assert.ok(checked?.includes("main.js") && !checked.includes("echo"), checked?.join(" "));
  },

  async "a disk that is full, read-only or runs no programs is said in one line"(echo) {
    const disks: readonly [options: string, said: RegExp][] = [
      ["mode=755,size=1m", /the disk is full; \d+ MB are needed$/],
      ["mode=755,size=2m,ro", /it cannot be written to$/],
      [
        "mode=755,size=20m,noexec",
        /it is mounted noexec\. Set CACHE_DIRECTORY to another folder$/,
      ],
    ];
    // Not everybody may mount, as in a container.
    const canMount = (await showOnDisk(echo, "mode=755,size=20m")).code !== CANNOT_MOUNT;
    if (canMount) {
      for (const [options, said] of disks) assertRefused(await showOnDisk(echo, options), said);
      assertShown(await showOnDisk(echo, "mode=755,size=20m"));
    }
    const cache = echo.newCache();
    const full = "cat >/dev/null; echo 'gzip: stdout: No space left on device' >&2; exit 1";
    const PATH = await echo.pathWith("gzip", full);
    assertRefused(
      await echo.show(cache, echo.quick, { PATH }),
      /the disk is full; \d+ MB are needed$/,
    );
    assert.deepEqual(await Array.fromAsync(Deno.readDir(cache)), []);
  },

  async "a Deno that does not run here is not taken for a damaged file"(echo) {
    const library = "error while loading shared libraries: libgcc_s.so.1: cannot open";
    const foreign = { PATH: await echo.pathWith("uname", "echo riscv64") };
    const runtimes: readonly [runtime: string, said: RegExp, env?: { PATH: string }][] = [
      ["\x7fELF for another processor", /Cannot run on riscv64: .*\/unfit-0 is for \w+$/, foreign],
      [`#!/bin/sh\necho 'echo: ${library}' >&2; exit 127\n`, /libgcc_s\.so\.1: cannot open$/],
      ["#!/bin/sh\nexit 1\n", /: it crashed$/],
    ];
    for (const [i, [runtime, said, env]] of runtimes.entries()) {
      const program = await echo.pack(`unfit-${i}`, runtime);
      const cache = echo.newCache();
      const ended = await echo.show(cache, program, env);
      assertRefused(ended, said);
      assert.match(ended.output, /^echo: Cannot run /);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(cache)), []);
    }
  },

  async "a shell that found it by name cannot read it, and says so"(echo) {
    const env = {
      CACHE_DIRECTORY: echo.newCache(),
      PATH: `${echo.folder}:${Deno.env.get("PATH")}`,
    };
    assertRefused(await run(["bash", "quick", "-v"], env, "/"), /read quick: call it by its path$/);
  },

  async "half a file is said to be damaged"(echo) {
    const half = join(echo.folder, "half");
    await Deno.copyFile(echo.quick, half);
    const { size } = await Deno.stat(half);
    await Deno.truncate(half, size / 2);
    const cache = echo.newCache();
    const ended = await run([half, "-v"], { CACHE_DIRECTORY: cache });
    assertRefused(ended, /half is damaged, or only half of it$/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(cache)), []);
  },
};

// The server's file is made for Linux alone; elsewhere there is `deno compile`.
if (Deno.build.os === "linux") {
  Deno.test("a self-extracting file unpacks itself once, and runs what is inside", async (t) => {
    await using echo = await BuiltEcho.build();
    for (const [name, test] of Object.entries(tests)) await t.step(name, () => test(echo));
  });
}

async function isUnpacking(cache: string): Promise<boolean> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(cache));
    return entries.some(({ name }) => name.startsWith(".echo-unpack."));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function publish(port: number, credentials: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/echo/4/publish/demo`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
    body: JSON.stringify({
      media: { type: "audio", protocol: "rtmp", format: "flv" },
      reason: { code: 0, message: "" },
    }),
  });
  await response.body?.cancel();
  return response.status;
}

async function changeByte(path: string, at: number): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  const byte = new Uint8Array(1);
  await file.seek(at, Deno.SeekMode.Start);
  await file.read(byte);
  await file.seek(at, Deno.SeekMode.Start);
  await file.write(byte.map((value) => value ^ 1));
}

async function showOnDisk(echo: BuiltEcho, options: string): Promise<Ended> {
  // Who is not root may mount in a namespace of its own.
  const asRoot = Deno.uid() === 0 ? [] : ["unshare", "--map-root-user", "--mount"];
  const disk = echo.newCache();
  const command = ["sh", "-c", ON_DISK, "sh", disk, options, echo.quick, "-v"];
  return await run([...asRoot, ...command], { CACHE_DIRECTORY: disk }, echo.folder);
}
