/** HTTP caches, as CDNs have them, before a server. */
import { Child } from "../child.ts";
import { until } from "../until.ts";

/** The configuration of a cache that stands before a server. */
interface Kind {
  readonly command: string;
  readonly configuration: (place: Place) => string;
  readonly args: (place: Place) => readonly string[];
}

interface Place {
  readonly folder: string;
  /** Where the configuration is. */
  readonly file: string;
  /** Where it listens. */
  readonly socket: string;
  /** Of the server behind it, on 127.0.0.1. */
  readonly port: number;
}

/** Both decide by themselves what is kept where the server does not say it. */
const KINDS = {
  /** With its defaults: two minutes for whatever may be kept, 404 too. */
  varnish: {
    command: "varnishd",
    configuration: ({ port }) =>
      `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${port}"; }`,
    args: ({ folder, file, socket }) => [
      ...["-F", "-j", "none", "-n", `${folder}/work`, "-s", "malloc,16m"],
      ...["-f", file, "-a", socket],
    ],
  },
  /** With the setting of its documentation: a minute for whatever comes. */
  nginx: {
    command: "nginx",
    configuration: ({ folder, socket, port }) => `
      daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}
      http {
        access_log off;
        client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
        fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
        scgi_temp_path ${folder}/scgi;
        proxy_cache_path ${folder}/cache keys_zone=all:1m;
        server {
          listen unix:${socket};
          location / {
            proxy_pass http://127.0.0.1:${port}; proxy_cache all; proxy_cache_valid any 1m;
          }
        }
      }`,
    args: ({ folder, file }) => ["-p", folder, "-e", "stderr", "-c", file],
  },
} as const satisfies Record<string, Kind>;

/** Debian has them where not everybody looks for programs. */
const PATH = `${Deno.env.get("PATH")}:/usr/sbin:/usr/local/sbin`;

/** A cache as CDNs have them, before a server. It does not outlive its disposal. */
export class HttpCache implements AsyncDisposable {
  readonly kind: keyof typeof KINDS;
  readonly #run: Child;
  readonly #folder: string;
  readonly #client: Deno.HttpClient;

  private constructor(kind: keyof typeof KINDS, place: Place) {
    this.kind = kind;
    const { command, args } = KINDS[kind];
    this.#folder = place.folder;
    this.#run = new Child(command, args(place), { env: { PATH } });
    this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: place.socket } });
  }

  /** Starts one before the server on `port` of 127.0.0.1, and waits until it takes requests. */
  static async start(kind: keyof typeof KINDS, port: number): Promise<HttpCache> {
    const folder = await Deno.makeTempDir({ prefix: "echo-cache-" });
    const place = { folder, file: `${folder}/configuration`, socket: `${folder}/socket`, port };
    await Deno.writeTextFile(place.file, KINDS[kind].configuration(place));
    await using stack = new AsyncDisposableStack();
    const cache = stack.use(new HttpCache(kind, place));
    await until(`${kind} takes requests`, async () => {
      if (!cache.#run.running) throw new Error(`${kind} ended:\n${cache.#run.output}`);
      return await cache.#isThere();
    });
    stack.move();
    return cache;
  }

  /** Asks it for a path of the server. */
  async request(path: string): Promise<Response> {
    return await fetch(new URL(path, "http://cache"), { client: this.#client });
  }

  async #isThere(): Promise<boolean> {
    try {
      const { body, status } = await this.request("/started");
      await body?.cancel();
      return status === 404;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.#run.stop("SIGTERM");
    await Deno.remove(this.#folder, { recursive: true });
  }
}
