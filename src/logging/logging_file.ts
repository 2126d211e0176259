/** Reads logging files: those of log4rs in YAML, as far as Echo takes them. */
import type { LogLevel } from "@logtape/logtape";
import { type Document, isMap, isNode, isSeq, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { patternEncoder } from "./encoder.ts";

/** A logging file: what is logged where. What it leaves out has its default here. */
export type LoggingFile = z.infer<typeof loggingFile>;

/** One of its appenders. */
export type AppenderDefinition = z.infer<typeof appender>;

/** Thrown where a logging file cannot be used; the message names file, line and field. */
export class LoggingFileError extends Error {
  override readonly name = "LoggingFileError";
}

/**
 * Reads the text of a logging file.
 * @param path the file's, for errors
 * @throws {LoggingFileError} where it is wrong
 */
export function parseLoggingFile(text: string, path: string): LoggingFile {
  const lines = new LineCounter();
  // Keys that are no text are refused, because to make text of them may take for ever.
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: "error",
  } as const;
  const document = parseDocument(text, options);
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    throw new LoggingFileError(`Cannot parse ${path}, line ${line}: ${error.message}`);
  }
  const result = loggingFile.safeParse(contentOf(document, path));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue === undefined ? [] : fieldOf(issue);
  const { line } = lines.linePos(offsetOf(document, field));
  const what = explain(issue, field.map(String).join("."), document.getIn(field));
  throw new LoggingFileError(`Cannot parse ${path}, line ${line}: ${what}`);
}

/** The pattern of an appender without one, as log4rs has it. */
const DEFAULT_PATTERN = "{d} {l} {t} - {m}{n}";

const LEVELS: ReadonlyMap<string, LogLevel | null> = new Map<string, LogLevel | null>([
  ["off", null],
  ["error", "error"],
  ["warn", "warning"],
  ["info", "info"],
  ["debug", "debug"],
  ["trace", "trace"],
]);

/** Units of sizes, in bytes. They are powers of 1024, as in log4rs. */
const SIZE_UNITS = { "": 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Units of times, in milliseconds. */
const TIME_UNITS = {
  ...{ ms: 1, millisecond: 1, milliseconds: 1 },
  ...{ "": 1000, s: 1000, sec: 1000, second: 1000, seconds: 1000 },
  ...{ m: 60_000, min: 60_000, minute: 60_000, minutes: 60_000 },
  ...{ h: 3_600_000, hour: 3_600_000, hours: 3_600_000 },
};

/** How many characters of a wrong value an error repeats. */
const MAX_SHOWN_LENGTH = 80;

// Each schema's own message says what it expects; `explain` makes a sentence of it.

const path = z.string("a path").min(1, "a path");
const count = z.int("a whole number").min(0, "0 or more");

const level = z.string("a level").transform((text, context) => {
  const found = LEVELS.get(text.toLowerCase());
  return found === undefined ? refuse(context, [...LEVELS.keys()].join(", ")) : found;
});

const encoder = z.strictObject({
  kind: z.enum(["pattern", "json"], "pattern or json").default("pattern"),
  pattern: z.string("a pattern").refine(
    (text) => patternEncoder(text) !== undefined,
    "text with {d}, {l}, {t}, {m} and {n}",
  ).default(DEFAULT_PATTERN),
}, "an encoder").default({ kind: "pattern", pattern: DEFAULT_PATTERN });

const trigger = z.strictObject({
  kind: z.literal("size", "size").default("size"),
  limit: quantity(SIZE_UNITS, "a size such as 100mb"),
}, "a trigger with its limit");

const roller = z.strictObject({
  kind: z.literal("fixed_window", "fixed_window").default("fixed_window"),
  base: count.default(0),
  count,
  pattern: z.string("a path with {} in it").regex(
    /\{\}.*(?<!\.gz)$/,
    "a path with {} in it that does not end in .gz",
  ),
}, "a roller with count and pattern");

const policy = z.strictObject({
  kind: z.literal("compound", "compound").default("compound"),
  trigger,
  roller,
}, "a policy with trigger and roller");

const appender = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("console"),
    target: z.enum(["stdout", "stderr"], "stdout or stderr").default("stdout"),
    encoder,
  }),
  z.strictObject({
    kind: z.literal("rolling_file"),
    path,
    append: z.boolean("true or false").default(true),
    encoder,
    policy,
  }),
], "console or rolling_file");

const appenderNames = z.array(z.string("the name of an appender"), "a list of appenders");

const logger = z.strictObject({
  level: level.optional(),
  appenders: appenderNames.default([]),
  additive: z.boolean("true or false").default(true),
}, "a logger");

const loggingFile = z.strictObject({
  refresh_rate: quantity(TIME_UNITS, "a time such as 30 seconds").optional(),
  appenders: z.record(z.string(), appender, "appenders by name").default({}),
  root: z.strictObject({
    level: level.default("debug"),
    appenders: appenderNames.default([]),
  }, "the root logger").default({ level: "debug", appenders: [] }),
  loggers: z.record(z.string(), logger, "loggers by name").default({}),
}, "appenders, root and loggers").superRefine(({ appenders, root, loggers }, context) => {
  const check = (names: readonly string[], place: readonly string[]) => {
    for (const [index, name] of names.entries()) {
      if (Object.hasOwn(appenders, name)) continue;
      context.addIssue({
        code: "custom",
        input: name,
        path: [...place, "appenders", index],
        message: "the name of an appender",
      });
    }
  };
  check(root.appenders, ["root"]);
  for (const [name, logger] of Object.entries(loggers)) check(logger.appenders, ["loggers", name]);
});

/** @throws {LoggingFileError} where aliases lead nowhere or to far too much, or a name is unusable */
function contentOf(document: Document, path: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new LoggingFileError(`Cannot parse ${path}: ${error.message}`, { cause: error });
  }
}

/** A number with a unit behind it, of which there are `units`. */
function quantity(units: Readonly<Record<string, number>>, expected: string) {
  return z.union([z.string(), z.number()], expected).transform((value, context) => {
    const [, number, unit = ""] = /^(\d{1,12}) *([a-z]*)$/.exec(`${value}`.toLowerCase()) ?? [];
    const result = Object.hasOwn(units, unit) ? Number(number) * (units[unit] ?? 0) : 0;
    return result > 0 ? result : refuse(context, expected);
  });
}

function refuse(context: z.RefinementCtx, expected: string): never {
  context.addIssue({ code: "custom", input: context.value, message: expected });
  return z.NEVER;
}

function fieldOf(issue: z.core.$ZodIssue): PropertyKey[] {
  return issue.code === "unrecognized_keys"
    ? [...issue.path, ...issue.keys.slice(0, 1)]
    : issue.path;
}

/** Where a field is in the text, or else the innermost of those that it belongs into. */
function offsetOf(document: Document, field: readonly PropertyKey[]): number {
  for (let depth = field.length; depth >= 0; depth--) {
    const node = document.getIn(field.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function explain(issue: z.core.$ZodIssue | undefined, field: string, value: unknown): string {
  if (issue?.code === "unrecognized_keys") return `${field} is not known here`;
  const expected = issue?.message ?? "something else";
  return `${field === "" ? "" : `${field}: `}expected ${expected}, got ${describe(value)}`;
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (isSeq(value)) return "a list";
  if (isMap(value)) return "a mapping";
  return JSON.stringify(typeof value === "string" ? value.slice(0, MAX_SHOWN_LENGTH) : value);
}
