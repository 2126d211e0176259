/** A client of gohlslib, the library of MediaMTX, which knows nothing of Echo. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("gohlslib", import.meta.url));
const SECONDS = 20;
/** It begins some way into the time, and stands still where the DJ is away. */
const LEAST_UNITS = 50;

/** The client as a program, which Go makes. */
export class Gohlslib implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Fails where Go is not there. */
  static async build(): Promise<Gohlslib> {
    const client = new Gohlslib(await Deno.makeTempDir({ prefix: "echo-gohlslib-" }));
    await run("go", ["-C", SOURCE, "build", "-buildvcs=false", "-o", client.#program, "."]);
    return client;
  }

  /** Has it read a playlist for some seconds; fails where it cannot. */
  async read(url: string): Promise<void> {
    const output = await run(this.#program, [url, `${SECONDS}`]);
    const [, units] = /^MPEG-4 Audio (\d+)\n$/.exec(output) ?? [];
    assert.ok(Number(units) > LEAST_UNITS, `gohlslib has said: ${output}`);
    console.log(`gohlslib has read ${units} access units in ${SECONDS} s`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }

  get #program(): string {
    return `${this.#folder}/client`;
  }
}

async function run(program: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const said = new TextDecoder().decode(stdout);
  assert.equal(code, 0, `${program} ${args.join(" ")}: ${said}${new TextDecoder().decode(stderr)}`);
  return said;
}
