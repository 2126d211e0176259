/** Logs as a logging file says, and follows what changes in it. */
import { configure, dispose, getLogger, type LoggerConfig } from "@logtape/logtape";
import { Appender } from "./appender.ts";
import { floodFilter } from "./flood_filter.ts";
import {
  type AppenderDefinition,
  type LoggingFile,
  LoggingFileError,
  parseLoggingFile,
} from "./logging_file.ts";

const logger = getLogger(["echo", "logging"]);

/** Loggers that are quiet unless a logging file names them: HTTP access, and LogTape itself. */
export const QUIET_LOGGERS: readonly LoggerConfig<never, never>[] = [
  { category: ["echo-hls-web"], lowestLevel: null },
  { category: ["echo-stat-web"], lowestLevel: null },
  { category: ["logtape", "meta"], lowestLevel: "warning" },
];

/** Logs as a logging file says, which is read again at its `refresh_rate`. */
export class FileLogging implements AsyncDisposable {
  readonly #path: string;
  /** The text of the file that is in force. */
  #text: string | undefined;
  /** What was wrong with the file the last time, kept so that it is logged once. */
  #complaint: string | undefined;
  #refreshMs: number | undefined;
  /** By name and definition: those that do not change stay open. */
  #appenders: ReadonlyMap<string, Appender> = new Map();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #stopped = false;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Begins to log. @throws {LoggingFileError} where the file is wrong */
  static async start(path: string): Promise<FileLogging> {
    const logging = new FileLogging(path);
    await logging.#read();
    logging.#schedule();
    return logging;
  }

  /**
   * Reads the file now.
   * @returns whether it has changed
   * @throws {LoggingFileError} where it is wrong; what was in force stays in force
   */
  reread(): Promise<boolean> {
    return this.#inTurn(() => this.#read()).finally(() => this.#schedule());
  }

  /** Writes all that waits, and ends logging. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#reading;
    await dispose();
    await closeAll(this.#appenders.values());
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#refreshMs === undefined || this.#stopped) return;
    const timer = setTimeout(() => {
      this.#inTurn(() => this.#refresh()).finally(() => this.#schedule());
    }, this.#refreshMs);
    Deno.unrefTimer(timer);
    this.#timer = timer;
  }

  /** Reads after what is being read already. */
  #inTurn<T>(read: () => Promise<T>): Promise<T> {
    const reading = this.#reading.then(read);
    this.#reading = Promise.allSettled([reading]);
    return reading;
  }

  /** Reads the file. Where it is wrong, what was in force stays in force. */
  async #refresh(): Promise<void> {
    try {
      if (await this.#read()) logger.info("{path} is in force", { path: this.#path });
      this.#complaint = undefined;
    } catch (error) {
      if (!(error instanceof LoggingFileError)) throw error;
      if (error.message === this.#complaint) return;
      this.#complaint = error.message;
      logger.error("{error}; logging goes on as before", { error: error.message });
    }
  }

  /** @returns whether it has changed */
  async #read(): Promise<boolean> {
    const path = this.#path;
    const text = await attempt(`read ${path}`, () => Deno.readTextFile(path));
    if (text === this.#text) return false;
    await this.#apply(parseLoggingFile(text, path));
    this.#text = text;
    return true;
  }

  async #apply(file: LoggingFile): Promise<void> {
    const before = this.#appenders;
    const { appenders, byName } = await openAll(file.appenders, before);
    const sinks = Object.fromEntries(byName.map(([name, appender]) => [name, appender.append]));
    await configure({
      reset: true,
      sinks,
      filters: { flood: floodFilter() },
      loggers: loggersOf(file),
    });
    this.#appenders = appenders;
    this.#refreshMs = file.refresh_rate;
    await closeAll([...before].filter(([key]) => !appenders.has(key)).map(([, old]) => old));
  }
}

/** The loggers as log4rs has them: one without a level has that of the nearest logger above it. */
function loggersOf({ root, loggers }: LoggingFile): LoggerConfig<string, string>[] {
  const levelOf = (name: string): LoggerConfig<string, string>["lowestLevel"] => {
    if (name === "") return root.level;
    const parent = name.includes("::") ? name.slice(0, name.lastIndexOf("::")) : "";
    const level = loggers[name]?.level;
    return level === undefined ? levelOf(parent) : level;
  };
  const others = Object.entries(loggers).map(([name, { appenders, additive }]) => ({
    category: name.split("::"),
    sinks: appenders,
    lowestLevel: levelOf(name) ?? null,
    parentSinks: additive ? "forward" as const : "override" as const,
  }));
  const named = new Set(Object.keys(loggers));
  return [
    { category: [], sinks: root.appenders, lowestLevel: root.level, filters: ["flood"] },
    ...QUIET_LOGGERS.filter(({ category }) => !named.has([category].flat().join("::"))),
    ...others,
  ];
}

/**
 * Opens all that are not open yet, or none of them.
 * @throws {LoggingFileError} where one cannot be
 */
async function openAll(
  definitions: Readonly<Record<string, AppenderDefinition>>,
  open: ReadonlyMap<string, Appender>,
) {
  const appenders = new Map<string, Appender>();
  const byName: [string, Appender][] = [];
  const fresh: Appender[] = [];
  try {
    for (const [name, definition] of Object.entries(definitions)) {
      const key = JSON.stringify([name, definition]);
      let appender = open.get(key);
      if (appender === undefined) {
        appender = await attempt(`log to ${name}`, () => Appender.open(definition));
        fresh.push(appender);
      }
      appenders.set(key, appender);
      byName.push([name, appender]);
    }
  } catch (error) {
    await closeAll(fresh);
    throw error;
  }
  return { appenders, byName };
}

async function closeAll(appenders: Iterable<Appender>): Promise<void> {
  await Promise.all(Array.from(appenders, (appender) => appender.close()));
}

async function attempt<T>(what: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new LoggingFileError(`Cannot ${what}: ${cause}`, { cause: error });
  }
}
