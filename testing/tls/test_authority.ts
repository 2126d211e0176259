/** A certificate authority that is made in a test and trusted by nobody else, by openssl. */
import type { PemPair } from "../../src/tls/certificate.ts";

/** What a certificate is to be. */
export interface IssueOptions {
  /** Whom it is for, besides `localhost` and 127.0.0.1. */
  readonly name?: string;
  readonly kind?: "ec" | "rsa" | "weak rsa";
  /** From now on; 0: it has expired already. */
  readonly days?: number;
  /** Whether an authority between the root and the server issues it. */
  readonly chain?: boolean;
}

const KEY_OPTIONS: Readonly<Record<NonNullable<IssueOptions["kind"]>, readonly string[]>> = {
  "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "rsa": ["-newkey", "rsa:2048"],
  "weak rsa": ["-newkey", "rsa:1024"],
};

/** An authority with a root of its own. Its files go with its disposal. */
export class TestAuthority implements AsyncDisposable {
  readonly #folder: string;
  #issued = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<TestAuthority> {
    const authority = new TestAuthority(await Deno.makeTempDir({ prefix: "echo-tls-" }));
    await authority.#openssl("req", "-x509", ...KEY_OPTIONS.ec, "-nodes", "-days", "3650", [
      ...["-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Test Authority"],
    ]);
    return authority;
  }

  /** The file with the root's certificate, which clients have to trust. */
  get rootFile(): string {
    return `${this.#folder}/root.pem`;
  }

  get root(): string {
    return Deno.readTextFileSync(this.rootFile);
  }

  /** Issues a certificate for a server. */
  async issue(options: IssueOptions = {}): Promise<PemPair> {
    const { name = "test", kind = "ec", days = 365, chain = false } = options;
    const id = ++this.#issued;
    let issuer = "root";
    if (chain) {
      issuer = `between${id}`;
      const extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
      await this.#sign(issuer, `/CN=Between ${id}`, {
        kind,
        days: 3650,
        issuer: "root",
        extensions,
      });
    }
    const extensions =
      `basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,DNS:${name},IP:127.0.0.1\n`;
    await this.#sign(`server${id}`, `/CN=${name}`, { kind, days, issuer, extensions });
    const read = (file: string) => Deno.readTextFileSync(`${this.#folder}/${file}`);
    const cert = read(`server${id}.pem`) + (chain ? read(`${issuer}.pem`) : "");
    return { cert, key: read(`server${id}.key`) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #sign(
    file: string,
    subject: string,
    { kind, days, issuer, extensions }: {
      readonly kind: NonNullable<IssueOptions["kind"]>;
      readonly days: number;
      readonly issuer: string;
      readonly extensions: string;
    },
  ): Promise<void> {
    await Deno.writeTextFile(`${this.#folder}/${file}.ext`, extensions);
    await this.#openssl("req", ...KEY_OPTIONS[kind], "-nodes", [
      ...["-keyout", `${file}.key`, "-out", `${file}.csr`, "-subj", subject],
    ]);
    await this.#openssl("x509", "-req", "-in", `${file}.csr`, "-days", `${days}`, [
      ...["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-CAcreateserial"],
      ...["-extfile", `${file}.ext`, "-out", `${file}.pem`],
    ]);
  }

  async #openssl(...args: readonly (string | readonly string[])[]): Promise<void> {
    const command = new Deno.Command("openssl", { args: args.flat(), cwd: this.#folder });
    const { success, stderr } = await command.output();
    if (!success) throw new Error(`openssl failed: ${new TextDecoder().decode(stderr)}`);
  }
}
