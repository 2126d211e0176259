/** Keeps what is logged while a test runs. */
import { configure, type LogRecord, reset } from "@logtape/logtape";

/** Keeps what Echo logs under a category, as lines of `LEVEL NAME#ID MESSAGE`, until it is disposed of. */
export class LogRecorder implements AsyncDisposable {
  readonly lines: string[] = [];
  #onLine = () => {};

  /** @param category whose lines are kept */
  static async start(category: string = "echo"): Promise<LogRecorder> {
    const recorder = new LogRecorder();
    const sink = (record: LogRecord) => recorder.#add(record);
    await configure({
      reset: true,
      sinks: { sink },
      loggers: [
        { category: [category], sinks: ["sink"], lowestLevel: "info" },
        { category: ["logtape", "meta"], lowestLevel: "fatal" },
      ],
    });
    return recorder;
  }

  /** Resolves once there are `count` lines that match. */
  async until(pattern: RegExp, count = 1): Promise<void> {
    while (this.matching(pattern).length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onLine = resolve;
      await promise;
    }
  }

  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await reset();
  }

  #add({ level, message, properties: { name, id } }: LogRecord): void {
    const session = id === undefined ? "" : `${name}#${id} `;
    this.lines.push(`${level} ${session}${message.join("")}`);
    this.#onLine();
  }
}
