/** One place that a logging file sends records to: a console, or a file that rolls. */
import type { LogRecord } from "@logtape/logtape";
import { type Encode, encodeJson, patternEncoder } from "./encoder.ts";
import { LineWriter, type Write } from "./line_writer.ts";
import type { AppenderDefinition } from "./logging_file.ts";
import { RollingFile } from "./rolling_file.ts";

/** Writes records as lines. */
export class Appender {
  readonly #encode: Encode;
  readonly #writer: LineWriter;
  readonly #close: () => void;

  private constructor(encode: Encode, write: Write, close: () => void) {
    this.#encode = encode;
    this.#writer = new LineWriter(write);
    this.#close = close;
  }

  /** Opens it. @throws what the disk says, where a file cannot be opened */
  static async open(definition: AppenderDefinition): Promise<Appender> {
    const encode = encoderOf(definition);
    if (definition.kind === "console") {
      const stream = Deno[definition.target];
      return new Appender(encode, (bytes) => stream.write(bytes), () => {});
    }
    const { path, append, policy: { trigger: { limit }, roller } } = definition;
    const file = await RollingFile.open({ path, append, limit, roller });
    return new Appender(encode, (lines) => file.write(lines), () => file.close());
  }

  /** Takes a record; it is written later. */
  readonly append = (record: LogRecord): void => {
    this.#writer.write(this.#encode(record));
  };

  /** Writes what waits. `append` must not be called after it. */
  async close(): Promise<void> {
    await this.#writer.flush();
    this.#close();
  }
}

function encoderOf({ encoder: { kind, pattern } }: AppenderDefinition): Encode {
  const encode = kind === "json" ? encodeJson : patternEncoder(pattern);
  if (encode === undefined) throw new Error(`Cannot parse pattern ${pattern}`);
  return encode;
}
