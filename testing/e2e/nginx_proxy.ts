/** nginx as a proxy before a server. */
import { Child } from "../child.ts";
import { freePort } from "../free_ports.ts";
import { listens } from "../listens.ts";
import { until } from "../until.ts";

/** Debian has it where not everybody looks for programs. */
const PATH = `${Deno.env.get("PATH")}:/usr/sbin:/usr/local/sbin`;

/** nginx with its plainest `proxy_pass`, before a server. It does not outlive its disposal. */
export class NginxProxy implements AsyncDisposable {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  readonly #run: Child;
  readonly #folder: string;

  private constructor(run: Child, folder: string, port: number) {
    this.#run = run;
    this.#folder = folder;
    this.port = port;
  }

  /** Starts one before the server on `serverPort` of 127.0.0.1, and waits until it listens. */
  static async start(serverPort: number): Promise<NginxProxy> {
    const folder = await Deno.makeTempDir({ prefix: "echo-nginx-" });
    const port = freePort();
    const file = `${folder}/configuration`;
    await Deno.writeTextFile(file, configuration(folder, port, serverPort));
    const args = ["-p", folder, "-e", "stderr", "-c", file];
    await using stack = new AsyncDisposableStack();
    const run = new Child("nginx", args, { env: { PATH } });
    const proxy = stack.use(new NginxProxy(run, folder, port));
    await until("nginx listens", async () => {
      if (!run.running) throw new Error(`nginx ended:\n${run.output}`);
      return await listens(port);
    });
    stack.move();
    return proxy;
  }

  /** The requests that it has found, as `METHOD PATH`. */
  async requests(): Promise<string[]> {
    return (await Deno.readTextFile(`${this.#folder}/log`)).split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run.stop("SIGTERM");
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function configuration(folder: string, port: number, serverPort: number): string {
  return `
    daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    worker_rlimit_nofile 8192;
    events { worker_connections 8000; }
    http {
      log_format short '$request_method $request_uri';
      access_log ${folder}/log short;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location / { proxy_pass http://127.0.0.1:${serverPort}; }
      }
    }`;
}
