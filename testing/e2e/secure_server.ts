/** Echo with TLS at all its doors, and a certificate that an authority of the test has issued. */
import { freePorts } from "../free_ports.ts";
import { TestAuthority } from "../tls/test_authority.ts";
import type { PemPair } from "../../src/tls/certificate.ts";
import { EchoServer, type EchoServerOptions } from "./echo_server.ts";

/** Where it listens with TLS. */
export interface SecurePorts {
  readonly hls: number;
  readonly stat: number;
  readonly control: number;
  readonly rtmps: number;
  /** Listens where `ICECAST_ENABLED` is set. */
  readonly icecast: number;
}

/** Such a server. Its disposal ends it, and removes the authority. */
export class SecureServer implements AsyncDisposable {
  readonly echo: EchoServer;
  readonly authority: TestAuthority;
  readonly ports: SecurePorts;
  readonly #folder: string;

  private constructor(
    echo: EchoServer,
    authority: TestAuthority,
    { ports, folder }: { readonly ports: SecurePorts; readonly folder: string },
  ) {
    this.echo = echo;
    this.authority = authority;
    this.ports = ports;
    this.#folder = folder;
  }

  static async start({ env = {}, ...options }: EchoServerOptions = {}): Promise<SecureServer> {
    const authority = await TestAuthority.create();
    const folder = await Deno.makeTempDir({ prefix: "echo-certificate-" });
    const [hls = 0, stat = 0, control = 0, rtmps = 0, icecast = 0] = freePorts(5);
    await writePair(folder, await authority.issue());
    const echo = await EchoServer.start({
      ...options,
      env: {
        TLS_CERT_FILE: `${folder}/cert.pem`,
        TLS_KEY_FILE: `${folder}/key.pem`,
        HLS_WEB_TLS_ADDR: `127.0.0.1:${hls}`,
        STAT_WEB_TLS_ADDR: `127.0.0.1:${stat}`,
        ECHO_TLS_ADDR: `127.0.0.1:${control}`,
        RTMPS_ADDR: `127.0.0.1:${rtmps}`,
        ICECAST_TLS_ADDR: `127.0.0.1:${icecast}`,
        ...env,
      },
    });
    for (const port of [hls, stat, control, rtmps]) {
      await echo.line(new RegExp(`listens on 127\\.0\\.0\\.1:${port}$`));
    }
    const ports = { hls, stat, control, rtmps, icecast };
    return new SecureServer(echo, authority, { ports, folder });
  }

  /** Replaces the files of the certificate. */
  async write(pair: Partial<PemPair>): Promise<void> {
    await writePair(this.#folder, pair);
  }

  rtmpsUrl(name: string): string {
    return `rtmps://localhost:${this.ports.rtmps}/live/${name}`;
  }

  playlistUrl(name: string): string {
    return `https://localhost:${this.ports.hls}/cast/${name}/playlist.m3u8`;
  }

  /** Asks with curl. @returns the version of HTTP, the status and the body */
  async curl(url: string, ...args: readonly string[]): Promise<CurlAnswer> {
    const { stdout, stderr } = await new Deno.Command("curl", {
      args: [
        ...["--silent", "--show-error", "--max-time", "20", "--cacert", this.authority.rootFile],
        ...["--write-out", "\n%{http_version} %{http_code}", ...args, url],
      ],
    }).output();
    const text = new TextDecoder().decode(stdout);
    const at = text.lastIndexOf("\n");
    const [version = "", status = ""] = text.slice(at + 1).split(" ");
    const error = new TextDecoder().decode(stderr);
    return { version, status: Number(status), body: text.slice(0, at), error };
  }

  /** The certificate that a new connection to `port` gets. */
  async certificateAt(port: number): Promise<string> {
    const { stdout } = await new Deno.Command("sh", {
      args: [
        "-c",
        `openssl s_client -connect 127.0.0.1:${port} </dev/null 2>/dev/null | openssl x509`,
      ],
    }).output();
    return new TextDecoder().decode(stdout).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.echo[Symbol.asyncDispose]();
    await this.authority[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** What curl has got. */
export interface CurlAnswer {
  readonly version: string;
  readonly status: number;
  readonly body: string;
  readonly error: string;
}

async function writePair(folder: string, { cert, key }: Partial<PemPair>): Promise<void> {
  if (cert !== undefined) await Deno.writeTextFile(`${folder}/cert.pem`, cert);
  if (key !== undefined) await Deno.writeTextFile(`${folder}/key.pem`, key);
}
