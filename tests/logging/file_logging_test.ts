/** Logging as a logging file says, which may change while the server runs. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { getLogger } from "@logtape/logtape";
import { startFileLogging } from "../../src/logging.ts";
import { LoggingFileError, parseLoggingFile } from "../../src/logging/logging_file.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";
import { contents } from "../../testing/logging/files.ts";

/** An appender that writes levels, targets and messages to `NAME.log`. */
function appender(folder: string, name: string, limit = "1mb", count = 3): string {
  return `  ${name}:
    kind: rolling_file
    path: ${folder}/${name}.log
    encoder: {pattern: "{l} {t} {m}{n}"}
    policy:
      trigger: {limit: ${limit}}
      roller: {base: 1, count: ${count}, pattern: "${folder}/${name}.{}.log"}
`;
}

async function write(folder: string, text: string): Promise<string> {
  const path = `${folder}/log4rs.yml`;
  await Deno.writeTextFile(`${path}.new`, text);
  await Deno.rename(`${path}.new`, path);
  return path;
}

/** What is in `NAME.log`, once logging as `text` says has ended. */
async function logged(folder: string, text: string, log: () => void) {
  const logging = await startFileLogging(await write(folder, text));
  log();
  await logging[Symbol.asyncDispose]();
  return await contents(folder);
}

Deno.test("the files that come with Echo are understood", async () => {
  for (const file of ["log4rs.yml", "scripts/log4rs.yml"]) {
    const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
    parseLoggingFile(await Deno.readTextFile(path), file);
  }
});

Deno.test("each logger's lines go where the file says, with those of the loggers above it", () =>
  withFolder(async (folder) => {
    const text = `appenders:
${appender(folder, "all")}${appender(folder, "echo")}${appender(folder, "stat")}
root: {level: warn, appenders: [all]}
loggers:
  echo: {level: debug, appenders: [echo]}
  echo::quiet: {level: off}
  echo::rtmp: {appenders: []}
  echo_stat::session: {level: info, appenders: [stat], additive: false}
`;
    const files = await logged(folder, text, () => {
      getLogger(["other"]).info("not");
      getLogger(["other"]).warn("other");
      getLogger(["echo", "rtmp", "x"]).debug("below a logger");
      getLogger(["echo"]).trace("not");
      getLogger(["echo", "quiet"]).fatal("not");
      getLogger(["echo_stat", "session"]).info("{json}", { json: '{"a":1}' });
      getLogger(["echo_stat", "logger"]).info("not");
      getLogger(["echo-hls-web"]).error("not");
    });
    assert.deepEqual({ ...files, "log4rs.yml": undefined }, {
      "all.log": "WARN other other\nDEBUG echo::rtmp::x below a logger\n",
      "echo.log": "DEBUG echo::rtmp::x below a logger\n",
      "stat.log": 'INFO echo_stat::session {"a":1}\n',
      "log4rs.yml": undefined,
    });
  }));

Deno.test("HTTP access is logged where a logger of that name is in the file", () =>
  withFolder(async (folder) => {
    const text = `appenders:
${appender(folder, "all")}
root: {level: info, appenders: [all]}
loggers: {echo-hls-web: {}}
`;
    const files = await logged(folder, text, () => {
      getLogger(["echo-hls-web"]).info("yes");
      getLogger(["echo-stat-web"]).info("no");
    });
    assert.equal(files["all.log"], "INFO echo-hls-web yes\n");
  }));

Deno.test("files roll by size, and of what is logged until the end nothing is lost", () =>
  withFolder(async (folder) => {
    const text = `appenders:
${appender(folder, "all", "10kb", 30)}
root: {level: info, appenders: [all]}
`;
    const files = await logged(folder, text, () => {
      for (let i = 0; i < 9000; i++) getLogger(["test"]).info("line {i}", { i });
    });
    const names = Object.keys(files).filter((name) => name.startsWith("all"))
      .sort((a, b) => Number(b.split(".")[1]) - Number(a.split(".")[1]));
    assert.ok(names.length > 10);
    assert.ok(names.every((name) => (files[name] ?? "").length <= 10_240));
    const numbered = names.filter((name) => name !== "all.log");
    const lines = [...numbered, "all.log"].map((name) => files[name]).join("").split("\n");
    assert.equal(lines.pop(), "");
    assert.deepEqual(lines, Array.from({ length: 9000 }, (_, i) => `INFO test line ${i}`));
  }));

Deno.test("the file is read at once where that is asked for, and each time a wrong one is refused", () =>
  withFolder(async (folder) => {
    const file = (level: string) =>
      `appenders:\n${appender(folder, "all")}root: {level: ${level}, appenders: [all]}\n`;
    const logger = getLogger(["test"]);
    const logging = await startFileLogging(await write(folder, file("info")));
    assert.equal(await logging.reread(), false);
    await write(folder, file("debug"));
    assert.equal(await logging.reread(), true);
    assert.ok(logger.isEnabledFor("debug"));
    await write(folder, file("louder"));
    await assert.rejects(logging.reread(), LoggingFileError);
    await assert.rejects(logging.reread(), LoggingFileError);
    assert.ok(logger.isEnabledFor("debug"));
    await write(folder, file("warn"));
    await Promise.all([logging.reread(), logging.reread()]);
    assert.ok(!logger.isEnabledFor("info"));
    await logging[Symbol.asyncDispose]();
  }));

Deno.test("a file that is read by order may ask to be read again by itself from then on", () =>
  withFolder(async (folder) => {
    const file = (rate: string, level: string) =>
      `${rate}appenders:
${appender(folder, "all")}root: {level: ${level}, appenders: [all]}\n`;
    const logger = getLogger(["test"]);
    const logging = await startFileLogging(await write(folder, file("", "info")));
    await write(folder, file("refresh_rate: 10ms\n", "info"));
    assert.equal(await logging.reread(), true);
    await write(folder, file("", "debug"));
    await until("it is read again", () => logger.isEnabledFor("debug"));
    await logging[Symbol.asyncDispose]();
  }));

Deno.test("the file is read again, and a wrong one changes nothing", () =>
  withFolder(async (folder) => {
    const file = (level: string, name: string) =>
      `refresh_rate: 10ms
appenders:
${appender(folder, "kept")}${appender(folder, name)}
root: {level: ${level}, appenders: [kept, ${name}]}
`;
    const logger = getLogger(["test"]);
    const kept = async () => (await contents(folder))["kept.log"] ?? "";
    const logging = await startFileLogging(await write(folder, file("info", "first")));
    logger.debug("not");
    logger.info("one");
    await write(folder, file("debug", "second"));
    await until("the new file is in force", async () => (await kept()).includes("is in force"));
    logger.debug("two");
    await write(folder, file("louder", "third"));
    await until("it was refused", async () => (await kept()).includes("as before"));
    logger.debug("three");
    await write(folder, file("off", "second"));
    await until("nothing is logged", () => !logger.isEnabledFor("error"));
    await logging[Symbol.asyncDispose]();

    const files = await contents(folder);
    const path = `${folder}/log4rs.yml`;
    assert.equal(files["first.log"], "INFO test one\n");
    const second = `INFO echo::logging ${path} is in force\nDEBUG test two\n` +
      `ERROR echo::logging Cannot parse ${path}, line 18: root.level: expected off, error, warn, ` +
      'info, debug, trace, got "louder"; logging goes on as before\nDEBUG test three\n';
    assert.equal(files["second.log"], second);
    assert.equal(files["kept.log"], `INFO test one\n${second}`);
    assert.equal(files["third.log"], undefined);
  }));

Deno.test("a flood of lines alike is counted, each session's for itself, and events are not", () =>
  withFolder(async (folder) => {
    const text = `appenders:
${appender(folder, "all")}
root: {level: info, appenders: [all]}
`;
    const files = await logged(folder, text, () => {
      for (let i = 1; i <= 512; i++) {
        getLogger(["echo", "rtmp"]).warn("refused {n}", { n: i, name: "a", id: 1 });
      }
      for (let i = 1; i <= 11; i++) getLogger(["echo", "rtmp"]).warn("refused {n}", { n: i });
      for (let i = 1; i <= 12; i++) getLogger(["echo_stat", "session"]).info("{n}", { n: i });
    });
    const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
    assert.deepEqual(files["all.log"]?.split("\n"), [
      ...numbers(10).map((n) => `WARN echo::rtmp a#1 refused ${n}`),
      ...numbers(10).map((n) => `WARN echo::rtmp refused ${n}`),
      ...numbers(12).map((n) => `INFO echo_stat::session ${n}`),
      "WARN echo::rtmp a#1 refused 512 … and 502 more like it",
      "WARN echo::rtmp refused 11 … and 1 more like it",
      "",
    ]);
  }));

Deno.test("a file that cannot be had stops the start, and says why", () =>
  withFolder(async (folder) => {
    await assert.rejects(startFileLogging(`${folder}/none.yml`), (error) => {
      return error instanceof LoggingFileError && error.message.startsWith("Cannot read ");
    });
    await Deno.writeTextFile(`${folder}/file`, "");
    const text = `appenders:\n${appender(`${folder}/file`, "all")}`;
    await assert.rejects(startFileLogging(await write(folder, text)), (error) => {
      return error instanceof LoggingFileError && error.message.startsWith("Cannot log to all: ");
    });
  }));
