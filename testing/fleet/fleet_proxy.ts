/** nginx before a fleet, with the file of `deploy/`. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Child } from "../child.ts";
import { freePort } from "../free_ports.ts";
import { listens } from "../listens.ts";
import { until } from "../until.ts";
import type { Fleet } from "./fleet.ts";

const SHIPPED = fileURLToPath(new URL("../../deploy/nginx/fleet.conf", import.meta.url));

/** Debian has it where not everybody looks for programs. */
const PATH = `${Deno.env.get("PATH")}:/usr/sbin:/usr/local/sbin`;

/** nginx as the CDN of a fleet. It does not outlive its disposal. */
export class FleetProxy implements AsyncDisposable {
  readonly #run: Child;
  readonly #folder: string;
  readonly #port: number;

  private constructor(run: Child, folder: string, port: number) {
    this.#run = run;
    this.#folder = folder;
    this.#port = port;
  }

  /** Starts one before all boxes, and waits until it listens. */
  static async start(fleet: Fleet): Promise<FleetProxy> {
    const folder = await Deno.makeTempDir({ prefix: "echo-nginx-" });
    const port = freePort();
    const shipped = await shippedFile(fleet, folder, port);
    await Deno.writeTextFile(`${folder}/fleet.conf`, shipped);
    await Deno.writeTextFile(`${folder}/nginx.conf`, frameOf(folder));
    const args = ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`];
    await using stack = new AsyncDisposableStack();
    const run = new Child("nginx", args, { env: { PATH } });
    const proxy = stack.use(new FleetProxy(run, folder, port));
    await until("nginx listens", async () => {
      if (!run.running) throw new Error(`nginx ended:\n${run.output}`);
      return await listens(port);
    });
    stack.move();
    return proxy;
  }

  playlistUrl(name: string): string {
    return `http://127.0.0.1:${this.#port}/cast/${name}/playlist.m3u8`;
  }

  /** Where operators get what is at `path` of the statistics of one of the boxes. */
  operatorUrl(path: string): string {
    return `http://127.0.0.1:${this.#port}/operator${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run.stop("SIGTERM");
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** With ports and folders of a test in the place of its own. */
async function shippedFile(fleet: Fleet, folder: string, port: number): Promise<string> {
  const places = fleet.ids.flatMap((id): [string, string][] => {
    const { host, hlsPort, statPort, controlPort } = fleet.box(id);
    return [
      [`server ${id}:8080;`, `server ${host}:${hlsPort};`],
      [`server ${id}:8088;`, `server ${host}:${statPort};`],
      [`server ${id}:5021;`, `server ${host}:${controlPort};`],
    ];
  });
  const others: [string, string][] = [
    ["listen 80;", `listen 127.0.0.1:${port};`],
    ["listen [::]:80;", ""],
    ["/var/cache/nginx/", `${folder}/`],
  ];
  return [...places, ...others].reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `the shipped file has no ${from}`);
    return text.replaceAll(from, to);
  }, await Deno.readTextFile(SHIPPED));
}

function frameOf(folder: string): string {
  return `
    daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    events { worker_connections 4000; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      include ${folder}/fleet.conf;
    }`;
}
