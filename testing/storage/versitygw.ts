/** versitygw, a store that keeps objects as files, as a program that Go makes. */
import { until } from "../until.ts";
import { Child } from "../child.ts";
import { freePort } from "../free_ports.ts";
import { TEST_KEY } from "./s3_server.ts";

const MODULE = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";

/** A versitygw with a folder of its own, and a bucket in it. Go is needed, and its module proxy. */
export class Versitygw implements AsyncDisposable {
  readonly bucket = "recordings";
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  #run: Child | undefined;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Versitygw> {
    const folder = await Deno.makeTempDir({ prefix: "echo-versitygw-" });
    await Deno.mkdir(`${folder}/objects/recordings`, { recursive: true });
    await Deno.mkdir(`${folder}/attributes`);
    const store = new Versitygw(folder, freePort());
    await using build = new Child("go", ["install", "-buildvcs=false", MODULE], {
      env: {
        GOBIN: folder,
        GOFLAGS: "-buildvcs=false",
        PATH: `${Deno.env.get("PATH")}:/usr/local/go/bin`,
      },
    });
    const { code } = await build.end();
    if (code !== 0) throw new Error(`Cannot build versitygw: ${build.output}`);
    await store.open();
    return store;
  }

  /** Answers, at the same address. */
  async open(): Promise<void> {
    const { accessKeyId, secretAccessKey } = TEST_KEY;
    const keys = ["--access", accessKeyId, "--secret", secretAccessKey];
    const posix = ["posix", "--sidecar", `${this.#folder}/attributes`, `${this.#folder}/objects`];
    this.#run = new Child(`${this.#folder}/versitygw`, [
      ...[...keys, "--region", "us-east-1", "--port", `127.0.0.1:${this.#port}`, ...posix],
    ]);
    await until("versitygw answers", async () => await this.#answers());
  }

  /** Is gone, in the middle of what it does. */
  async close(): Promise<void> {
    await this.#run?.stop("SIGKILL");
    this.#run = undefined;
  }

  /** Makes the bucket, or takes it away. */
  async makeBucket(name: string): Promise<void> {
    await Deno.mkdir(`${this.#folder}/objects/${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #answers(): Promise<boolean> {
    try {
      const response = await fetch(this.url);
      await response.body?.cancel();
      return true;
    } catch (error) {
      if (this.#run?.running === false) throw new Error(this.#run.output, { cause: error });
      return false;
    }
  }
}
