/** A certificate for the benchmarks, and where the server listens with it. */
import { freePorts } from "../testing/free_ports.ts";
import { TestAuthority } from "../testing/tls/test_authority.ts";

/** What a server with TLS is started with. Its files go with its disposal. */
export class SecureDoors implements AsyncDisposable {
  readonly ports: { readonly hls: number; readonly rtmps: number };
  readonly #authority: TestAuthority;
  readonly #folder: string;

  private constructor(authority: TestAuthority, folder: string) {
    const [hls = 0, rtmps = 0] = freePorts(2);
    this.ports = { hls, rtmps };
    this.#authority = authority;
    this.#folder = folder;
  }

  static async open(): Promise<SecureDoors> {
    const authority = await TestAuthority.create();
    const folder = await Deno.makeTempDir({ prefix: "echo-bench-tls-" });
    const { cert, key } = await authority.issue();
    await Deno.writeTextFile(`${folder}/cert.pem`, cert);
    await Deno.writeTextFile(`${folder}/key.pem`, key);
    return new SecureDoors(authority, folder);
  }

  /** The file with the certificate that clients have to trust. */
  get rootFile(): string {
    return this.#authority.rootFile;
  }

  /** The server's variables. */
  get env(): Record<string, string> {
    return {
      TLS_CERT_FILE: `${this.#folder}/cert.pem`,
      TLS_KEY_FILE: `${this.#folder}/key.pem`,
      HLS_WEB_TLS_ADDR: `127.0.0.1:${this.ports.hls}`,
      RTMPS_ADDR: `127.0.0.1:${this.ports.rtmps}`,
      ECHO_TLS_ADDR: "off",
      STAT_WEB_TLS_ADDR: "off",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#authority[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
