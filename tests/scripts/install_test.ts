/** scripts/install.sh: install, upgrade and uninstall, in a folder in place of the root. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../src/config/load.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../../echo.env.example", import.meta.url));
/** There is no systemd elsewhere. */
const ignore = Deno.build.os !== "linux";

/** A program that answers as Echo does as far as the installation asks it. */
const PROGRAM = `#!/bin/sh
# version VERSION
case "$*" in
  --print-env) cat "${EXAMPLE}" ;;
  --env-file*--version)
    if grep -q nonsense "$2"; then echo "echo: Cannot parse line 1" >&2; exit 2; fi
    echo Echo/VERSION; echo more
    ;;
esac
`;

/** Writes down what it is told; a program whose text says so does not become ready. */
const SYSTEMCTL = `#!/bin/bash
echo "$*" >>"$DESTDIR/systemctl.log"
case $1 in
  restart | start) ! grep -q "never ready" "$DESTDIR/opt/echo/echo" ;;
esac
`;

/** A box of its own, below a folder. */
class Box implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async create({ systemd }: { systemd: boolean }): Promise<Box> {
    const box = new Box(await Deno.makeTempDir({ prefix: "echo-install-" }));
    await Deno.mkdir(`${box.folder}/bin`);
    await box.write("bin/systemctl", SYSTEMCTL);
    if (systemd) await Deno.mkdir(`${box.folder}/run/systemd/system`, { recursive: true });
    return box;
  }

  /** A program to install. @returns its path */
  async program(version: string): Promise<string> {
    return await this.write(`echo-${version}`, PROGRAM.replaceAll("VERSION", version));
  }

  async write(file: string, text: string, mode = 0o755): Promise<string> {
    await Deno.writeTextFile(`${this.folder}/${file}`, text, { mode });
    return `${this.folder}/${file}`;
  }

  read(file: string): Promise<string> {
    return Deno.readTextFile(`${this.folder}/${file}`);
  }

  /** All files, but for those of the box itself. */
  async files(): Promise<string[]> {
    const { stdout } = await new Deno.Command("find", {
      args: [...["opt", "etc", "var"], ...["-not", "-type", "d"]],
      cwd: this.folder,
    }).output();
    return new TextDecoder().decode(stdout).split("\n").filter((file) => file !== "").sort();
  }

  /** All that is there, the box's own too. */
  async everything(): Promise<string> {
    const { stdout } = await new Deno.Command("find", { args: ["."], cwd: this.folder }).output();
    return new TextDecoder().decode(stdout);
  }

  install(...args: string[]): Promise<{ code: number; lines: string[] }> {
    return this.run(`${SCRIPTS}install.sh`, ...args);
  }

  async run(...args: string[]): Promise<{ code: number; lines: string[] }> {
    const { code, stderr } = await new Deno.Command("bash", {
      args,
      env: { DESTDIR: this.folder, PATH: `${this.folder}/bin:${Deno.env.get("PATH")}` },
      stdin: "null",
    }).output();
    return { code, lines: new TextDecoder().decode(stderr).trimEnd().split("\n") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const INSTALLED = ["etc/echo/echo.env", "etc/systemd/system/echo.service", "opt/echo/echo"];

Deno.test({
  name: "a fresh installation has a program, a unit, and a configuration with its own secrets",
  ignore,
  fn: async () => {
    await using box = await Box.create({ systemd: false });
    const { code, lines } = await box.install(await box.program("1"));
    assert.equal(code, 0, lines.join("\n"));
    assert.match(lines.at(-1) ?? "", /systemd does not run here: .* --env-file .* starts it$/);
    assert.deepEqual(await box.files(), INSTALLED);

    const file = `${box.folder}/etc/echo/echo.env`;
    assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o640);
    const { config } = loadConfig({}, await Deno.readTextFile(file));
    assert.equal(config.auth.mode, "key");
    assert.match(config.auth.bearerToken ?? "", /^[0-9a-f]{64}$/);
    assert.match(config.control.cookieKey, /^[0-9a-f]{32}$/);
    assert.match(config.stat.token ?? "", /^[0-9a-f]{64}$/);
    assert.equal(config.hls.rootDir, "/var/lib/echo/hls");
    assert.equal(config.record.rootDir, "/var/lib/echo/record");
    const shown = lines.join("\n");
    for (const secret of [config.auth.bearerToken, config.control.cookieKey, config.stat.token]) {
      assert.ok(!shown.includes(secret ?? ""));
    }
  },
});

Deno.test({
  name: "without a program to install it prints its usage and changes nothing",
  ignore,
  fn: async () => {
    await using box = await Box.create({ systemd: true });
    const before = await box.everything();
    for (const args of [[], ["--no-start"]]) {
      const { code, lines } = await box.install(...args);
      assert.equal(code, 2);
      assert.match(lines.join("\n"), /install\.sh \[--no-start\] PROGRAM .*\n.*--uninstall /);
    }
    assert.equal(await box.everything(), before);
  },
});

Deno.test({
  name: "systemd starts what is installed",
  ignore,
  fn: async () => {
    await using box = await Box.create({ systemd: true });
    const { code, lines } = await box.install(await box.program("1"));
    assert.equal(code, 0, lines.join("\n"));
    assert.equal(lines.at(-1), "install: Echo/1 is running");
    const told = (await box.read("systemctl.log")).trimEnd().split("\n");
    assert.deepEqual(told.map((line) => line.split(" ")[0]), [
      ...["daemon-reload", "enable", "reset-failed", "restart"],
    ]);
  },
});

Deno.test({
  name: "an upgrade keeps the configuration, and the program before beside the new one",
  ignore,
  fn: async () => {
    await using box = await Box.create({ systemd: true });
    await box.install(await box.program("1"));
    await box.write("etc/echo/echo.env", 'export ECHO_AUTH="open"\n');
    const { code, lines } = await box.install(await box.program("2"));
    assert.equal(code, 0, lines.join("\n"));
    assert.equal(await box.read("etc/echo/echo.env"), 'export ECHO_AUTH="open"\n');
    assert.match(await box.read("opt/echo/echo"), /version 2/);
    assert.match(await box.read("opt/echo/echo.previous"), /version 1/);
    await box.install(await box.program("2"));
    assert.match(await box.read("opt/echo/echo.previous"), /version 1/, "the same one again");
  },
});

Deno.test({
  name: "a program that does not become ready gives way to the one before, which runs again",
  ignore,
  fn: async () => {
    await using box = await Box.create({ systemd: true });
    await box.install(await box.program("1"));
    const unit = await box.read("etc/systemd/system/echo.service");
    const { code, lines } = await box.install(await box.program("2, never ready"));
    assert.equal(code, 1);
    assert.equal(lines.at(-1), "install: the one before runs again");
    assert.match(await box.read("opt/echo/echo"), /version 1/);
    assert.equal(await box.read("etc/systemd/system/echo.service"), unit);
    const told = (await box.read("systemctl.log")).trimEnd().split("\n");
    assert.deepEqual(told.slice(-5).map((line) => line.split(" ")[0]), [
      ...["restart", "stop", "daemon-reload", "reset-failed", "start"],
    ]);
  },
});

Deno.test({
  name: "what cannot be used changes nothing: a file that does not run, a wrong configuration",
  ignore,
  fn: async () => {
    await using box = await Box.create({ systemd: true });
    await box.install(await box.program("1"));
    await Deno.remove(`${box.folder}/systemctl.log`);

    const text = await box.write("text", "not a program");
    const broken = await box.install(text);
    assert.equal(broken.code, 1);
    assert.equal(broken.lines.at(-1), `install: Cannot run ${text}: all is as it was`);

    await box.write("etc/echo/echo.env", "nonsense\n");
    const wrong = await box.install(await box.program("2"));
    assert.equal(wrong.code, 1);
    assert.equal(
      wrong.lines.at(-1),
      "install: Cannot use /etc/echo/echo.env: echo: Cannot parse line 1",
    );

    const none = await box.install(`${box.folder}/none`);
    assert.deepEqual(none.lines, [
      `install: Cannot install ${box.folder}/none: there is no such file`,
    ]);
    assert.match(await box.read("opt/echo/echo"), /version 1/);
    assert.deepEqual(await box.files(), INSTALLED);
    await assert.rejects(box.read("systemctl.log"), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "an installer that has lost its unit changes nothing",
  ignore,
  fn: async () => {
    await using box = await Box.create({ systemd: true });
    await box.install(await box.program("1"));
    const alone = await box.write("install.sh", await Deno.readTextFile(`${SCRIPTS}install.sh`));
    const { code, lines } = await box.run(alone, await box.program("2"));
    assert.equal(code, 1);
    assert.deepEqual(lines, [
      `install: Cannot install ${box.folder}/echo.service: there is no such file`,
    ]);
    assert.match(await box.read("opt/echo/echo"), /version 1/);
    assert.deepEqual(await box.files(), INSTALLED);
  },
});

Deno.test({
  name: "uninstalling leaves the configuration and what was recorded",
  ignore,
  fn: async () => {
    await using box = await Box.create({ systemd: true });
    await box.install(await box.program("1"));
    await box.install(await box.program("2"));
    await box.write("var/lib/echo/show.mp4", "");
    const { code, lines } = await box.install("--uninstall");
    assert.equal(code, 0, lines.join("\n"));
    assert.deepEqual(await box.files(), ["etc/echo/echo.env", "var/lib/echo/show.mp4"]);
    await assert.rejects(Deno.stat(`${box.folder}/opt/echo`), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "the unit is sound, and gives the server little to do harm with",
  ignore,
  fn: async () => {
    await using box = await Box.create({ systemd: false });
    const unit = await Deno.readTextFile(`${SCRIPTS}echo.service`);
    // It is looked at whether the program exists.
    const runnable = unit.replace("/opt/echo/echo ", "/bin/true ");
    const file = await box.write("echo.service", runnable, 0o644);
    assert.deepEqual(await analyze("verify", "--man=no", file), { code: 0, text: "" });
    const { code, text } = await analyze(
      ...["security", "--offline=true", "--no-pager", "--threshold=20"],
      file,
    );
    assert.equal(code, 0, text);
    assert.match(text, /Overall exposure level for echo\.service: 1\.\d/);
  },
});

async function analyze(...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", {
    args,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}
