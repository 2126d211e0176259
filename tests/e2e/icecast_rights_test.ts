/** Who may publish and tell titles at the source port, by each way of deciding it. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import bcrypt from "bcryptjs";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import { reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer, type EchoServerOptions } from "../../testing/e2e/echo_server.ts";
import { atOnce, together } from "../../testing/e2e/scenario.ts";
import { HookReceiver } from "../../testing/hook/hook_receiver.ts";
import { RawClient } from "../../testing/http/http_fixture.ts";
import { basic } from "../../testing/icecast/dialogue_harness.ts";
import { Issuer, keySetOf } from "../../testing/tokens/issuer.ts";
import { ServedKeys } from "../../testing/tokens/served_keys.ts";
import { until } from "../../testing/until.ts";

/** Half a second of it. */
const AUDIO = adtsStream(audioConfig(), Array.from({ length: 24 }, () => new Uint8Array(40)));
const WAYS = ["put", "source", "shoutcast"] as const;
type Way = typeof WAYS[number];

interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A way of deciding who may publish. */
interface Rights {
  readonly options: EchoServerOptions;
  /** Whether the user counts, too. */
  readonly knowsUsers?: boolean;
  /** Two that are good for a name. */
  readonly good: (server: EchoServer, name: string) => Promise<readonly [Credentials, Credentials]>;
}

const source = (password: string): Credentials => ({ user: "source", password });

/** A source on air. It sends as it is asked for. */
class Source implements Disposable {
  readonly #client: RawClient;

  constructor(client: RawClient) {
    this.#client = client;
  }

  async send(): Promise<void> {
    await this.#client.send(String.fromCharCode(...AUDIO));
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

async function connect(port: number): Promise<RawClient> {
  return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
}

/** What a source of Shoutcast has for a password. */
function passwordOf(name: string, { user, password }: Credentials, knowsUsers: boolean): string {
  return [name, ...(knowsUsers ? [user] : []), password].join(":");
}

/** Asks to publish. @returns the answer, and the connection */
async function ask(
  { icecastPort: port }: EchoServer,
  way: Way,
  { credentials, rights: { knowsUsers = false } }: {
    readonly credentials: Credentials;
    readonly rights: Rights;
  },
): Promise<{ readonly answer: string; readonly client: RawClient }> {
  const { user, password } = credentials;
  const client = await connect(way === "shoutcast" ? port + 1 : port);
  if (way === "shoutcast") {
    const line = `${passwordOf(way, credentials, knowsUsers)}\r\n`;
    await client.send(Buffer.from(line).toString("latin1"));
    const answer = await client.until(/\r\n/);
    if (answer.startsWith("OK2")) await client.send("icy-name:Radio\r\n\r\n");
    return { answer, client };
  }
  const first = way === "put" ? "PUT /put.aac HTTP/1.1\r\nHost: a" : "SOURCE /source ICE/1.0";
  await client.send(`${first}\r\n${basic(user, password)}Content-Type: audio/aac\r\n\r\n`);
  return { answer: await client.until(/\r\n\r\n/), client };
}

/** Tells a title. @returns the answer's status */
async function tell(
  { icecastPort: port }: EchoServer,
  query: string,
  credentials?: Credentials,
): Promise<string | undefined> {
  using client = await connect(port);
  const { user = "", password = "" } = credentials ?? {};
  const fields = credentials === undefined ? "" : basic(user, password);
  await client.send(`GET ${query} HTTP/1.0\r\n${fields}\r\n`);
  return /^HTTP\/1\.0 (\d+)/.exec(await client.all())?.[1];
}

async function untilTitled(server: EchoServer, name: string, sent: Source, title: string) {
  const url = `http://127.0.0.1:${server.icecastPort}/status-json.xsl?mount=/${name}`;
  await until(`${name} plays ${title}`, async () => {
    await sent.send();
    const { icestats: { source } } = await (await fetch(url)).json();
    return source?.title === title;
  });
}

async function tryOut(rights: Rights): Promise<void> {
  const { knowsUsers = false, options } = rights;
  const env = { ...options.env, ICECAST_ENABLED: "1", SHOUTCAST_ENABLED: "1" };
  await using server = await EchoServer.start({ ...options, env });
  await server.line(/Shoutcast listens on/);
  const shown: string[] = ["wrong-0123456789"];
  await together(WAYS, async (way) => {
    const [good, other] = await rights.good(server, way);
    const wrong = { ...good, password: "wrong-0123456789" };
    shown.push(good.password, other.password);

    const refused = await ask(server, way, { credentials: wrong, rights });
    using _refused = refused.client;
    assert.match(refused.answer, way === "shoutcast" ? /^invalid password/ : /^HTTP\/1\.\d 401 /);

    const { answer, client } = await ask(server, way, { credentials: good, rights });
    using sent = new Source(client);
    assert.match(answer, way === "shoutcast" ? /^OK2\r\n/ : /^HTTP\/1\.0 200 OK\r\n/);
    await sent.send();

    const update = `/admin/metadata?mode=updinfo&mount=/${way}&song=`;
    assert.equal(await tell(server, `${update}nothing`, wrong), "401");
    assert.equal(await tell(server, `${update}own`, good), "200");
    await untilTitled(server, way, sent, "own");
    assert.equal(await tell(server, `${update}other`, other), "200");
    await untilTitled(server, way, sent, "other");
    const byPassword = (credentials: Credentials, song: string) => {
      const password = encodeURIComponent(passwordOf(way, credentials, knowsUsers));
      return tell(server, `/admin.cgi?mode=updinfo&pass=${password}&song=${song}`);
    };
    assert.equal(await byPassword(wrong, "nothing"), "401");
    assert.equal(await byPassword(good, "by%20password"), "200");
    await untilTitled(server, way, sent, "by password");
  });
  // Who comes from Shoutcast has a password alone.
  using old = await connect(server.icecastPort + 1);
  await old.send("alone-0123456789\r\n");
  assert.match(await old.all(), /^invalid password/);
  for (const secret of [...shown, "alone-0123456789"]) {
    assert.ok(!server.log.some((line) => line.includes(secret)), secret);
  }
}

atOnce("sources are let in and tell titles by what they show, and no secret is logged", {
  "keys of the control API": () =>
    tryOut({
      options: { env: { ECHO_AUTH: "key", ECHO_BEARER_TOKEN: "t0ken" } },
      good: async (server, name) => {
        const authorization = "Bearer t0ken";
        const reserveOne = async () => {
          const at = `127.0.0.1:${server.controlPort}`;
          return source((await reserve(at, name, { protocol: "rtmp", authorization })).key);
        };
        return [await reserveOne(), await reserveOne()];
      },
    }),
  "DJs, by keys and by passwords": () =>
    tryOut({
      options: {
        env: { ECHO_AUTH: "dj", ECHO_DJ_FILE: "djs" },
        files: {
          djs: `anna:${hashOfDjKey("key-of-anna")}:*\nben:${bcrypt.hashSync("ben's+word", 4)}:*\n`,
        },
      },
      knowsUsers: true,
      good: (_, name) => {
        const anna = { user: "anna", password: "key-of-anna" };
        const ben = { user: "ben", password: "ben's+word" };
        return Promise.resolve(name === "source" ? [anna, ben] : [ben, anna]);
      },
    }),
  "tokens": async () => {
    const issuer = new Issuer();
    await using keys = new ServedKeys(keySetOf(issuer));
    const rules = { ECHO_JWT_ISSUER: "https://issuer.example", ECHO_JWT_AUDIENCE: "echo" };
    await tryOut({
      options: { env: { ...rules, ECHO_AUTH: "jwt", ECHO_JWKS_URL: keys.url } },
      good: (_, name) => {
        const token = (sub: string) =>
          source(issuer.token([{ action: "publish", name }], { claims: { sub } }));
        return Promise.resolve([token("one"), token("other")]);
      },
    });
  },
  "a hook server": async () => {
    await using receiver = await HookReceiver.start();
    const passwords: unknown[] = ["über+Zx8/a==", "a%41b&c"];
    receiver.decide = ({ credentials }) => {
      const { user = "", key } = credentials as { readonly user?: string; readonly key?: string };
      return ["", "source"].includes(user) && passwords.includes(key);
    };
    await tryOut({
      options: { env: { ...receiver.env, ECHO_AUTH: "hook" } },
      good: () => Promise.resolve([source("über+Zx8/a=="), source("a%41b&c")]),
    });
  },
});
