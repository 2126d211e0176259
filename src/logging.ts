/** The log: readable lines on stderr, or what a logging file says. */
import { configure, dispose, type LogLevel, type LogRecord } from "@logtape/logtape";
import { FileLogging, QUIET_LOGGERS } from "./logging/file_logging.ts";
import { floodFilter } from "./logging/flood_filter.ts";
import { LineWriter, type Write } from "./logging/line_writer.ts";
import { LEVEL_NAMES, MAX_LENGTH, messageText } from "./logging/message.ts";

export type { Write };

/** A log that is being written. When it is disposed of, it writes what still waits. */
export interface Logging extends AsyncDisposable {
  /**
   * Reads the logging file again, where there is one.
   * @returns whether something changed
   * @throws {LoggingFileError} where the file cannot be used; then logging goes on as before
   */
  reread(): Promise<boolean>;
}

/** Writes what is of `level` or above to stderr, as readable lines. */
export async function startLogging(
  level: LogLevel = "info",
  write: Write = (bytes) => Deno.stderr.write(bytes),
): Promise<Logging> {
  const writer = new LineWriter(write);
  await configure({
    reset: true,
    sinks: { console: (record: LogRecord) => writer.write(formatRecord(record)) },
    filters: { flood: floodFilter() },
    loggers: [
      { category: [], sinks: ["console"], lowestLevel: level, filters: ["flood"] },
      ...QUIET_LOGGERS,
    ],
  });
  return {
    reread: () => Promise.resolve(false),
    [Symbol.asyncDispose]: async () => {
      await dispose();
      await writer.flush();
    },
  };
}

/**
 * Logs as the file at `path` says, one of log4rs in YAML.
 * @throws {LoggingFileError} where the file, or one it names, cannot be used
 */
export async function startFileLogging(path: string): Promise<Logging> {
  return await FileLogging.start(path);
}

/**
 * A record as one line: `2026-11-23T14:12:00.123Z INFO  rtmp demo#1763907120001 what happened`.
 * What a client sends cannot make a line of its own, and values that are named like secrets are
 * masked.
 */
export function formatRecord(record: LogRecord): string {
  const { category, level, timestamp } = record;
  const fields = [
    new Date(timestamp).toISOString(),
    LEVEL_NAMES[level].padEnd(5),
    category.join("."),
    messageText(record),
  ];
  return fields.filter((field) => field !== "").join(" ").slice(0, MAX_LENGTH);
}
