/** nginx as a process of its own, to compare the server with. */
import { Child } from "../testing/child.ts";
import { freePort } from "../testing/free_ports.ts";
import { isInstalled } from "../testing/installed.ts";
import { listens } from "../testing/listens.ts";
import { until } from "../testing/until.ts";
import { withChildren } from "./process_usage.ts";

/** Debian has it where not everybody looks for programs. */
const FOLDERS = ["/usr/sbin", "/usr/local/sbin"];
const MODULE_FOLDERS = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"];
const RTMP_MODULE = "ngx_rtmp_module.so";

/** The program; `undefined` where it is not installed. */
export async function findNginx(): Promise<string | undefined> {
  for (const command of ["nginx", ...FOLDERS.map((folder) => `${folder}/nginx`)]) {
    if (await isInstalled(command)) return command;
  }
  return undefined;
}

/** The file of its RTMP module; `undefined` where it is not installed. */
export function findRtmpModule(): string | undefined {
  return MODULE_FOLDERS.map((folder) => `${folder}/${RTMP_MODULE}`).find(isFile);
}

/** What it is to be. */
export interface NginxOptions {
  readonly command: string;
  /** For its own files. */
  readonly folder: string;
  readonly workers: number;
  /** The blocks of its configuration, where it listens on 127.0.0.1:`port`. */
  readonly blocks: (port: number) => string;
  /** The file of a module that they need. */
  readonly module?: string;
}

/** nginx in a process of its own, with its workers. */
export class Nginx {
  readonly port: number;
  readonly #run: Child;

  private constructor(run: Child, port: number) {
    this.#run = run;
    this.port = port;
  }

  /** Resolves once it takes connections. @throws where it does not */
  static async start(options: NginxOptions): Promise<Nginx> {
    const { command, folder, blocks } = options;
    const port = freePort();
    const file = `${folder}/nginx.conf`;
    await Deno.writeTextFile(file, configuration(options, blocks(port)));
    const run = new Child(command, ["-p", folder, "-e", "stderr", "-c", file]);
    try {
      await until("nginx listens", async () => {
        if (!run.running) throw new Error(`nginx ended:\n${run.output}`);
        return await listens(port);
      });
    } catch (error) {
      await run[Symbol.asyncDispose]();
      throw error;
    }
    return new Nginx(run, port);
  }

  /** Of all its processes. */
  get pids(): number[] {
    return withChildren(this.#run.pid);
  }

  async stop(): Promise<void> {
    await this.#run.stop("SIGTERM");
  }
}

/** Files below `root` under `/cast/`, without a log. */
export function serveFiles(folder: string, root: string): (port: number) => string {
  return (port) => `
    http {
      access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
      types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location /cast/ { alias ${root}/; }
      }
    }`;
}

/** RTMP in, segments of 2 s out, listed for 12 s as Echo lists them. */
export function receiveRtmp(root: string): (port: number) => string {
  return (port) => `
    rtmp {
      server {
        listen 127.0.0.1:${port}; chunk_size 4096;
        application live {
          live on; hls on; hls_path ${root}; hls_nested on;
          hls_fragment 2s; hls_playlist_length 12s;
        }
      }
    }`;
}

function configuration({ folder, workers, module }: NginxOptions, blocks: string): string {
  const [user, load] = [
    Deno.uid() === 0 ? "user root;" : "", // else it could not enter the folder
    module === undefined ? "" : `load_module ${module};`,
  ];
  return `
    ${load} ${user} daemon off; worker_processes ${workers};
    pid ${folder}/nginx.pid; error_log stderr;
    worker_rlimit_nofile 20000; events { worker_connections 9000; }
    ${blocks}`;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
