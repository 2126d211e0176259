/** nginx and Caddy before a server, with the files of `deploy/`. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Child } from "../child.ts";
import { freePorts } from "../free_ports.ts";
import { CERTIFICATE, PRIVATE_KEY } from "../listening/localhost_certificate.ts";
import { listens } from "../listens.ts";
import { until } from "../until.ts";
import type { EchoServer } from "./echo_server.ts";

const DEPLOY = fileURLToPath(new URL("../../deploy/", import.meta.url));

/** Debian has them where not everybody looks for programs. */
const PATH = `${Deno.env.get("PATH")}:/usr/sbin:/usr/local/sbin`;

type Upstreams = Pick<EchoServer, "hlsPort" | "statPort" | "controlPort">;

interface Place {
  /** For its own files. */
  readonly folder: string;
  /** Where it listens on 127.0.0.1, with TLS and without. */
  readonly port: number;
  readonly plainPort: number;
  readonly echo: Upstreams;
}

interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const STARTS = { nginx: startNginx, caddy: startCaddy };

/** What can be shipped with: a web server that stands before Echo. */
export type ShippedKind = keyof typeof STARTS;

/** A web server with the file that Echo ships for it. It does not outlive its disposal. */
export class ShippedProxy implements AsyncDisposable {
  readonly kind: ShippedKind;
  /** Trusts its certificate. */
  readonly client: Deno.HttpClient;
  readonly #run: Child;
  readonly #place: Place;

  private constructor(kind: ShippedKind, run: Child, place: Place) {
    this.kind = kind;
    this.#run = run;
    this.#place = place;
    this.client = Deno.createHttpClient({ caCerts: [CERTIFICATE] });
  }

  /** Starts one before the server `echo`, and waits until it listens. */
  static async start(kind: ShippedKind, echo: Upstreams): Promise<ShippedProxy> {
    const folder = await Deno.makeTempDir({ prefix: "echo-proxy-" });
    const [port = 0, plainPort = 0] = freePorts(2);
    const place = { folder, port, plainPort, echo };
    await Deno.writeTextFile(`${folder}/fullchain.pem`, CERTIFICATE);
    await Deno.writeTextFile(`${folder}/privkey.pem`, PRIVATE_KEY);
    const { command, args, env } = await STARTS[kind](place);
    await using stack = new AsyncDisposableStack();
    const run = new Child(command, args, { env: { PATH, ...env } });
    const proxy = stack.use(new ShippedProxy(kind, run, place));
    await until(`${kind} listens`, async () => {
      if (!run.running) throw new Error(`${kind} ended:\n${run.output}`);
      return await listens(port);
    });
    stack.move();
    return proxy;
  }

  /** Where it takes HTTPS. */
  get origin(): string {
    return `https://localhost:${this.#place.port}`;
  }

  /** Where it takes HTTP. */
  get plainOrigin(): string {
    return `http://localhost:${this.#place.plainPort}`;
  }

  /** Asks it for a path, with TLS. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    return await fetch(this.origin + path, { redirect: "manual", ...init, client: this.client });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.#run.stop("SIGTERM");
    await Deno.remove(this.#place.folder, { recursive: true });
  }
}

/** The shipped file, with ports and folders of a test in the place of its own. */
async function startNginx({ folder, port, plainPort, echo }: Place): Promise<Start> {
  const shipped = replaced(await Deno.readTextFile(`${DEPLOY}nginx/echo.conf`), [
    ["server echo:8080;", `server 127.0.0.1:${echo.hlsPort};`],
    ["server echo:8088;", `server 127.0.0.1:${echo.statPort};`],
    ["server echo:5021;", `server 127.0.0.1:${echo.controlPort};`],
    ["listen 80;", `listen 127.0.0.1:${plainPort};`],
    ["listen [::]:80;", ""],
    ["listen 443 ssl http2;", `listen 127.0.0.1:${port} ssl http2;`],
    ["listen [::]:443 ssl http2;", ""],
    ["/etc/letsencrypt/live/echo/", `${folder}/`],
    ["/var/cache/nginx/", `${folder}/`],
  ]);
  const file = `${folder}/nginx.conf`;
  await Deno.writeTextFile(`${folder}/echo.conf`, shipped);
  await Deno.writeTextFile(
    file,
    `
    daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    events { worker_connections 4000; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      include ${folder}/echo.conf;
    }`,
  );
  return { command: "nginx", args: ["-p", folder, "-e", "stderr", "-c", file], env: {} };
}

/** The shipped file as it is, below options that let it run beside others and without a CA. */
async function startCaddy({ folder, port, plainPort, echo }: Place): Promise<Start> {
  const shipped = await Deno.readTextFile(`${DEPLOY}Caddyfile`);
  const file = `${folder}/Caddyfile`;
  const options = `{\n\tadmin off\n\tskip_install_trust\n\thttp_port ${plainPort}\n}\n`;
  const certificate = `tls ${folder}/fullchain.pem ${folder}/privkey.pem`;
  const site = replaced(shipped, [["{$ECHO_SITE} {\n", `{$ECHO_SITE} {\n\t${certificate}\n`]]);
  await Deno.writeTextFile(file, options + site);
  return {
    command: "caddy",
    args: ["run", "--config", file, "--adapter", "caddyfile"],
    env: {
      HOME: folder,
      ECHO_SITE: `https://localhost:${port}`,
      ECHO_HLS: `127.0.0.1:${echo.hlsPort}`,
      ECHO_STAT: `127.0.0.1:${echo.statPort}`,
      ECHO_CONTROL: `127.0.0.1:${echo.controlPort}`,
    },
  };
}

function replaced(text: string, values: readonly (readonly [string, string])[]): string {
  return values.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `the shipped file has no ${from}`);
    return text.replaceAll(from, to);
  }, text);
}
