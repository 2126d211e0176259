import { configure, dispose, type LogLevel, type LogRecord } from "@logtape/logtape";
import { FileLogging, QUIET_LOGGERS } from "./logging/file_logging.ts";
import { floodFilter } from "./logging/flood_filter.ts";
import { LineWriter, type Write } from "./logging/line_writer.ts";
import { LEVEL_NAMES, MAX_LENGTH, messageOf } from "./logging/message.ts";

export type { Write };

/**
 * Sends the log to stderr as readable lines from `level` on. What waits is written when the result
 * is disposed of.
 */
export async function startLogging(
  level: LogLevel = "info",
  write: Write = (bytes) => Deno.stderr.write(bytes),
): Promise<AsyncDisposable> {
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
    [Symbol.asyncDispose]: async () => {
      await dispose();
      await writer.flush();
    },
  };
}

/**
 * Logs as the file at `path` says, one of log4rs in YAML. What waits is written when the result is
 * disposed of.
 * @throws {LoggingFileError} where the file, or one it names, cannot be used
 */
export async function startFileLogging(path: string): Promise<AsyncDisposable> {
  return await FileLogging.start(path);
}

/**
 * One line: `2026-11-23T14:12:00.123Z INFO  rtmp demo#1763907120001 what happened`. What a client
 * sends makes no line of its own, and what is named like a secret is masked.
 */
export function formatRecord(record: LogRecord): string {
  const { category, level, timestamp } = record;
  const fields = [
    new Date(timestamp).toISOString(),
    LEVEL_NAMES[level].padEnd(5),
    category.join("."),
    messageOf(record),
  ];
  return fields.filter((field) => field !== "").join(" ").slice(0, MAX_LENGTH);
}
