import { parseArguments } from "./src/config/arguments.ts";
import { ConfigError } from "./src/config/config_error.ts";
import { readEnvFile } from "./src/config/env_file.ts";
import { describe, envExample, usage } from "./src/config/help.ts";
import { loadConfig, type LoadedConfig } from "./src/config/load.ts";
import { startFileLogging, startLogging } from "./src/logging.ts";
import { LoggingFileError } from "./src/logging/logging_file.ts";
import { Station } from "./src/station.ts";
import { SERVER_NAME } from "./src/version.ts";
import { getLogger } from "@logtape/logtape";

/** The exit code for wrong arguments or a wrong configuration. */
const EXIT_USAGE = 2;
const EXIT_FAILURE = 1;

/** Runs the server until a signal. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const command = parseArguments(args);
  if (command.kind === "help") return print(usage());
  if (command.kind === "print-env") return print(envExample());
  const loaded = loadConfig(Deno.env.toObject(), await readEnvFile(command.envFile));
  if (command.kind === "version") return print(describe(loaded.config));
  Deno.umask(0o022);
  await using _ = await startLog(loaded.config.log.file);
  return await run(loaded);
}

async function startLog(file: string | undefined): Promise<AsyncDisposable> {
  try {
    return file === undefined ? await startLogging() : await startFileLogging(file);
  } catch (error) {
    if (!(error instanceof LoggingFileError)) throw error;
    throw new ConfigError(`LOG4RS_FILE: ${error.message}`, { cause: error });
  }
}

async function run({ config, warnings }: LoadedConfig): Promise<number> {
  const logger = getLogger(["echo"]);
  const signal = onSignals(["SIGINT", "SIGTERM"]);
  keepRunning();
  logger.info("{version} starts", { version: SERVER_NAME });
  for (const warning of warnings) logger.warn("{warning}", { warning });
  try {
    const station = await Station.start(config);
    logger.info("stops on {signal}", { signal: await signal });
    await station.stop();
    return 0;
  } catch (error) {
    logger.fatal("{error}", { error: error instanceof Error ? error.message : error });
    return EXIT_FAILURE;
  }
}

/** The first of `signals` that comes; at the second, the process ends without further ado. */
function onSignals(signals: readonly Deno.Signal[]): Promise<Deno.Signal> {
  const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
  let first = true;
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      if (!first) Deno.exit(EXIT_FAILURE);
      first = false;
      resolve(signal);
    });
  }
  return promise;
}

/** A bug in one place does not take every broadcast off the air. */
function keepRunning(): void {
  const logger = getLogger(["echo"]);
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logger.fatal("A bug, please report it: {error}", { error: event.reason });
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    logger.fatal("A bug, please report it: {error}", { error: event.error });
  });
}

function print(text: string): number {
  console.log(text.trimEnd());
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`echo: ${error.message}`);
    Deno.exit(EXIT_USAGE);
  }
}
