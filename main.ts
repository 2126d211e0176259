/** The program: reads arguments and configuration, runs the server, and acts on signals. */
import { parseArguments } from "./src/config/arguments.ts";
import { configChanges } from "./src/config/changes.ts";
import { ConfigError } from "./src/config/config_error.ts";
import { DEFAULT_ENV_FILE, readEnvFile } from "./src/config/env_file.ts";
import { describe, envExample, usage } from "./src/config/help.ts";
import { loadConfig, type LoadedConfig } from "./src/config/load.ts";
import { HtpasswdError } from "./src/control/htpasswd.ts";
import { runDjCommand } from "./src/dj/dj_command.ts";
import { DjError } from "./src/dj/dj_list.ts";
import { type Logging, startFileLogging, startLogging } from "./src/logging.ts";
import { LoggingFileError } from "./src/logging/logging_file.ts";
import { systemClock } from "./src/session/clock.ts";
import { Station } from "./src/station.ts";
import { check } from "./src/station/check/check.ts";
import { encoderHost } from "./src/station/encoder_host.ts";
import { ServiceNotifier } from "./src/systemd/notify.ts";
import { CertificateError } from "./src/tls/certificate.ts";
import { SERVER_NAME } from "./src/version.ts";
import { getLogger } from "@logtape/logtape";

/** The exit code for wrong arguments or a wrong configuration. */
const EXIT_USAGE = 2;
const EXIT_FAILURE = 1;
/** How long an end at once is prepared at most. */
const ABANDON_MS = 1000;

const logger = getLogger(["echo"]);

/** Runs the server until a signal. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const command = parseArguments(args);
  if (command.kind === "help") return print(usage());
  if (command.kind === "print-env") return print(envExample());
  if (command.kind === "check") return await printFindings(command.envFile);
  const text = await readEnvFile(command.envFile);
  const loaded = loadConfig(Deno.env.toObject(), text);
  if (command.kind === "version") return print(describe(loaded.config));
  if (command.kind === "dj") {
    const { config } = loaded;
    const options = { file: config.auth.djFile, at: encoderHost(config) };
    return print(await runDjCommand(command.words, options));
  }
  Deno.umask(0o022);
  await using logging = await startLog(loaded.config.log.file);
  keepRunning();
  const envFile = command.envFile ?? (text === undefined ? undefined : DEFAULT_ENV_FILE);
  return await new Service(loaded, envFile, logging).run();
}

async function startLog(file: string | undefined): Promise<Logging> {
  try {
    return file === undefined ? await startLogging() : await startFileLogging(file);
  } catch (error) {
    if (!(error instanceof LoggingFileError)) throw error;
    throw new ConfigError(`LOG4RS_FILE: ${error.message}`, { cause: error });
  }
}

/**
 * The running server, with its signals. SIGHUP rereads the configuration. SIGINT stops the server;
 * SIGTERM drains it first. A signal during the drain ends the drain; one more ends the process.
 */
class Service {
  #loaded: LoadedConfig;
  #envFile: string | undefined;
  readonly #logging: Logging;
  readonly #notifier: ServiceNotifier;
  readonly #started = Promise.withResolvers<Station>();
  readonly #stop = Promise.withResolvers<Deno.Signal>();
  #stopping = false;
  /** Ends the drain; set while the server drains. */
  #drain: AbortController | undefined;
  #reloadAsked = false;
  #reloading = false;

  /** @param envFile the file to read again on SIGHUP; `undefined` where there was none */
  constructor(loaded: LoadedConfig, envFile: string | undefined, logging: Logging) {
    this.#loaded = loaded;
    this.#envFile = envFile;
    this.#logging = logging;
    this.#notifier = new ServiceNotifier({
      env: Deno.env.toObject(),
      pid: Deno.pid,
      clock: systemClock,
    });
  }

  /** @returns the exit code */
  async run(): Promise<number> {
    logger.info("{version} starts", { version: SERVER_NAME });
    for (const warning of this.#loaded.warnings) logger.warn("{warning}", { warning });
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => this.#onStop(signal));
    }
    Deno.addSignalListener("SIGHUP", () => this.#onHangUp());
    try {
      const station = await Station.start(this.#loaded.config);
      this.#notifier.ready(() => station.status, () => station.works);
      this.#started.resolve(station);
      await this.#end(station, await this.#stop.promise);
      return 0;
    } catch (error) {
      logger.fatal("{error}", { error: error instanceof Error ? error.message : error });
      return EXIT_FAILURE;
    } finally {
      this.#notifier.close();
    }
  }

  #onStop(signal: Deno.Signal): void {
    if (!this.#stopping) this.#stop.resolve(signal);
    else if (this.#drain !== undefined) this.#drain.abort();
    else void this.#exit();
    this.#stopping = true;
  }

  /** Ends the process, whatever it is about. */
  async #exit(): Promise<void> {
    systemClock.after(ABANDON_MS, () => Deno.exit(EXIT_FAILURE));
    const station = await this.#started.promise;
    await station.abandon();
    Deno.exit(EXIT_FAILURE);
  }

  async #end(station: Station, signal: Deno.Signal): Promise<void> {
    logger.info("stops on {signal}", { signal });
    if (signal === "SIGTERM" && station.drainTimeoutMs > 0) {
      this.#drain = new AbortController();
      this.#notifier.draining(() => `drains: ${station.status}`);
      await station.drain(this.#drain.signal);
      this.#drain = undefined;
    }
    this.#notifier.stopping();
    await station.stop();
  }

  /** Reloads one at a time. SIGHUP during a reload causes one more after it. */
  async #onHangUp(): Promise<void> {
    if (this.#stopping) return logger.warn("does not reread the configuration: it is stopping");
    this.#reloadAsked = true;
    if (this.#reloading) return;
    this.#reloading = true;
    const station = await this.#started.promise;
    while (this.#reloadAsked && !this.#stopping) {
      this.#reloadAsked = false;
      this.#notifier.reloading();
      await this.#reload(station);
      if (!this.#stopping) this.#notifier.ready(() => station.status, () => station.works);
    }
    this.#reloading = false;
  }

  /**
   * Applies all or nothing: where anything is wrong, it is logged and nothing changes. Keys of tokens
   * are no part of that: they are void once they are taken out of the key set.
   */
  async #reload(station: Station): Promise<void> {
    station.rereadKeys();
    try {
      const text = await readEnvFile(this.#envFile);
      const fresh = loadConfig(Deno.env.toObject(), text);
      const { loaded, applied, pending } = configChanges(this.#loaded, fresh);
      const apply = await station.prepareReload(loaded.config);
      // Rereading the logging file also applies it, so everything else that may fail comes before.
      const logged = await this.#logging.reread() ? ["what is logged where has changed"] : [];
      apply();
      const known = this.#loaded.warnings;
      this.#loaded = loaded;
      if (text !== undefined) this.#envFile ??= DEFAULT_ENV_FILE;
      const changes = [...applied, ...logged].join("; ") || "every variable is as it was";
      logger.info("the configuration is reread: {changes}", { changes });
      for (const change of pending) {
        logger.warn("{change}: this counts from the next start on", { change });
      }
      for (const warning of loaded.warnings.filter((warning) => !known.includes(warning))) {
        logger.warn("{warning}", { warning });
      }
    } catch (error) {
      const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
      for (const one of errors) {
        const why = isMistake(one) ? one.message : one;
        logger.error("Cannot reread the configuration, all stays as it was: {why}", { why });
      }
    }
  }
}

/** Whether the error is a mistake in a file of the operator. Any other error is a bug. */
function isMistake(error: unknown): error is Error {
  const kinds = [CertificateError, ConfigError, DjError, HtpasswdError, LoggingFileError];
  return kinds.some((kind) => error instanceof kind);
}

/** Logs errors that nobody handled and goes on, so that one bug does not end every broadcast. */
function keepRunning(): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logger.fatal("A bug, please report it: {error}", { error: event.reason });
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    logger.fatal("A bug, please report it: {error}", { error: event.error });
  });
}

/** @returns the exit code: of a failure where something would fail */
async function printFindings(envFile: string | undefined): Promise<number> {
  const findings = await check(Deno.env.toObject(), envFile);
  for (const { level, text } of findings) console.log(`${level}: ${text}`);
  if (findings.some(({ level }) => level === "error")) return EXIT_FAILURE;
  return print("Echo would start, and nothing would fail");
}

function print(text: string): number {
  console.log(text.trimEnd());
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof DjError)) throw error;
    console.error(`echo: ${error.message}`);
    Deno.exit(EXIT_USAGE);
  }
}
