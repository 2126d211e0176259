/** A change of each reloadable variable, and what somebody outside sees of it. */
import assert from "node:assert/strict";
import bcrypt from "bcryptjs";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { PublishFailed, RtmpPublisher } from "../rtmp/rtmp_publisher.ts";
import { until } from "../until.ts";
import { ask, reason } from "./control_request.ts";
import type { EchoServer } from "./echo_server.ts";
import type { HookReceiver } from "../hook/hook_receiver.ts";
import { type S3Server, TEST_KEY } from "../storage/s3_server.ts";
import { storageEnv } from "../storage/storing_server.ts";

/** A server, and the hook servers that it may post to. */
export interface Scene {
  readonly server: EchoServer;
  readonly oldHooks: HookReceiver;
  readonly newHooks: HookReceiver;
  /** Where recordings go. */
  readonly store: S3Server;
}

/** Values by the names of variables; `undefined` where one is unset. */
export type Values = Readonly<Record<string, string | undefined>>;

/** A change of variables, and how it shows. */
export interface Change {
  /** The variables whose effect it shows. */
  readonly names: readonly string[];
  /** Their new values, and those of others that have to change with them. */
  readonly values: (scene: Scene) => Values;
  /** Who may publish; by default who has a key. */
  readonly auth?: "dj";
  /** Looks at the server from outside. */
  readonly look: (scene: Scene) => Promise<unknown>;
  /** What there is to see before the change. */
  readonly was: unknown;
  /** What there is to see after it. */
  readonly is: unknown;
  /** It counts at the next cleaning of the archive, which may be a minute away. */
  readonly isLate?: true;
}

const TOKEN = "old-token";
const PASSWORD = "sesame";
const DAY_S = 86_400;
const MEGABYTE = 1_000_000;

/** What the server's log must not tell of {@link CHANGES}. */
export const CHANGED_SECRETS: readonly string[] = [
  ...[TOKEN, "new-token", "any-token", PASSWORD, "old-stat", "new-stat"],
  ...["old-secret", "the-secret-of-the-hooks", "pa55word", "wrong-id", "wrong-key"],
  ...Object.values(TEST_KEY),
];

/** The values that each change begins with. */
export function valuesBefore({ oldHooks, store }: Omit<Scene, "server">): Values {
  return {
    ...storageEnv(store),
    ...{ S3_ACCESS_KEY_ID: "wrong-id", S3_SECRET_ACCESS_KEY: "wrong-key" },
    ECHO_BEARER_TOKEN: TOKEN,
    ICECAST_ENABLED: "1",
    STAT_TOKEN: "old-stat",
    HOOK_URL: oldHooks.url,
    HOOK_SECRET: "old-secret",
    TRUSTED_PROXIES: "127.0.0.1",
    ECHO_DJ_FILE: "./djs",
  };
}

/** Files that there are before the server starts, by name. */
export const FILES: Readonly<Record<string, string>> = {
  "djs": "",
  "other-djs": `dj:${hashOfDjKey(PASSWORD)}:*\n`,
};

/** Writes the files that the changes need to where the server runs. */
export async function writeFiles({ folder }: EchoServer): Promise<void> {
  await Deno.writeTextFile(`${folder}/users`, `dj:${bcrypt.hashSync(PASSWORD, 4)}\n`);
  const archive = `${folder}/output/record`;
  await Deno.mkdir(archive, { recursive: true });
  await Deno.writeFile(`${archive}/large.mp4`, new Uint8Array(2 * MEGABYTE));
  await Deno.writeFile(`${archive}/old.mp4`, new Uint8Array(1));
  const weekAgo = Date.now() / 1000 - 7 * DAY_S;
  await Deno.utime(`${archive}/old.mp4`, weekAgo, weekAgo);
}

export const CHANGES: readonly Change[] = [
  {
    names: ["ECHO_AUTH_ANY"],
    values: () => ({ ECHO_AUTH_ANY: "1", ECHO_BEARER_TOKEN: undefined }),
    look: ({ server }) => publish(server, "Bearer any-token"),
    was: 401,
    is: 200,
  },
  {
    names: ["ECHO_HTPASSWD_FILE"],
    values: () => ({ ECHO_HTPASSWD_FILE: "./users" }),
    look: ({ server }) => publish(server, `Basic ${btoa(`dj:${PASSWORD}`)}`),
    was: 401,
    is: 200,
  },
  {
    names: ["ECHO_DJ_FILE"],
    auth: "dj",
    values: () => ({ ECHO_DJ_FILE: "./other-djs" }),
    look: ({ server }) => publish(server, `Basic ${btoa(`dj:${PASSWORD}`)}`),
    was: 401,
    is: 200,
  },
  {
    names: ["ECHO_BEARER_TOKEN"],
    values: () => ({ ECHO_BEARER_TOKEN: "new-token" }),
    look: async ({ server }) => [
      await publish(server, `Bearer ${TOKEN}`),
      await publish(server, "Bearer new-token"),
    ],
    was: [200, 401],
    is: [401, 200],
  },
  {
    names: ["ECHO_MAX_SESSIONS"],
    values: () => ({ ECHO_MAX_SESSIONS: "1" }),
    look: ({ server }) => publish(server),
    was: 200,
    is: 503,
  },
  {
    names: ["ECHO_ORIGINS"],
    values: () => ({ ECHO_ORIGINS: "https://dj.example" }),
    look: ({ server }) => teardownFrom(server, "https://dj.example"),
    was: 403,
    is: 400,
  },
  {
    names: ["ECHO_SRT_MAX_WAITING"],
    values: () => ({ ECHO_SRT_MAX_WAITING: "1" }),
    look: ({ server }) => publish(server, `Bearer ${TOKEN}`, "srt"),
    was: 200,
    is: 503,
  },
  {
    names: ["RTMP_MAX_CONNECTIONS"],
    values: () => ({ RTMP_MAX_CONNECTIONS: "1" }),
    look: ({ server }) => firstOfTwo(server),
    was: "NetStream.Publish.Denied",
    is: "hung up",
  },
  {
    names: ["ICECAST_MAX_CONNECTIONS"],
    values: () => ({ ICECAST_MAX_CONNECTIONS: "1" }),
    look: ({ server }) => firstOfTwoSources(server),
    was: "HTTP/1.1 200 OK",
    is: "",
  },
  {
    names: ["WEB_MAX_CONNECTIONS"],
    values: () => ({ WEB_MAX_CONNECTIONS: "1" }),
    look: ({ server }) => servesSecond(server),
    was: true,
    is: false,
  },
  {
    names: ["WEB_MAX_PER_ADDRESS"],
    values: () => ({ WEB_MAX_PER_ADDRESS: "1" }),
    look: ({ server }) => watchTwice(server),
    was: [200, 200],
    is: [200, 503],
  },
  {
    names: ["STAT_TOKEN"],
    values: () => ({ STAT_TOKEN: "new-stat" }),
    look: async ({ server }) => [
      await recordings(server, "old-stat"),
      await recordings(server, "new-stat"),
    ],
    was: [200, 401],
    is: [401, 200],
  },
  {
    names: ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"],
    values: ({ store }) => storageEnv(store),
    look: async ({ server }) => {
      const url = `http://127.0.0.1:${server.statPort}/stat/1/recordings/demo.20261123T141200Z.mp4`;
      const headers = { Authorization: "Bearer old-stat" };
      const { status, body } = await fetch(url, { headers, redirect: "manual" });
      await body?.cancel();
      return status;
    },
    was: 503,
    is: 404,
  },
  {
    names: ["HOOK_URL"],
    values: ({ newHooks }) => ({ HOOK_URL: newHooks.url }),
    look: async (scene) => (await receiveHook(scene)).by,
    was: "oldHooks",
    is: "newHooks",
  },
  {
    names: ["HOOK_SECRET"],
    values: ({ oldHooks }) => ({ HOOK_SECRET: oldHooks.secret }),
    look: async (scene) => (await receiveHook(scene)).isGenuine,
    was: false,
    is: true,
  },
  {
    names: ["RECORD_MAX_AGE", "RECORD_MAX_BYTES"],
    values: () => ({ RECORD_MAX_AGE: `${DAY_S}`, RECORD_MAX_BYTES: `${MEGABYTE}` }),
    look: ({ server }) => Promise.resolve(deletions(server.log)),
    was: [],
    is: ["large.mp4: too much", "old.mp4: too old"],
    isLate: true,
  },
  {
    names: ["FALLBACK_FILE", "FALLBACK_DIR"],
    values: () => ({ FALLBACK_FILE: "./missing.aac", FALLBACK_DIR: "./missing" }),
    look: ({ server }) => Promise.resolve(refusedFallbacks(server.log)),
    was: [],
    is: ["./missing", "./missing.aac"],
  },
  {
    names: ["DRAIN_TIMEOUT"],
    values: () => ({ DRAIN_TIMEOUT: "300" }),
    look: ({ server }) => restart(server),
    was: [],
    is: ["drains for up to 300 s"],
  },
];

/** Asks for a broadcast with a name of its own. @returns the status of the answer */
async function publish(
  server: EchoServer,
  authorization = `Bearer ${TOKEN}`,
  protocol: "rtmp" | "srt" = "rtmp",
  name: string = crypto.randomUUID(),
): Promise<number> {
  const format = protocol === "srt" ? "mp2t" : "flv";
  const { status } = await ask(`127.0.0.1:${server.controlPort}`, {
    method: "POST",
    path: `publish/${name}`,
    body: { media: { type: "audio", protocol, format }, ...reason(0, "on air") },
    headers: { Authorization: authorization },
  });
  return status;
}

/** Tears down from a page, without the cookie. @returns the status of the answer */
async function teardownFrom(server: EchoServer, origin: string): Promise<number> {
  const { status } = await ask(`127.0.0.1:${server.controlPort}`, {
    method: "PUT",
    path: "teardown",
    body: reason(0, "the end"),
    headers: { Origin: origin },
  });
  return status;
}

/** Connects twice, then publishes by the first, without a key. @returns what that was told */
async function firstOfTwo({ rtmpPort: port }: EchoServer): Promise<string> {
  const options = { hostname: "127.0.0.1", port, app: "live" };
  const first = await RtmpPublisher.connect(options);
  const second = await RtmpPublisher.connect(options);
  const told = await first.publish("demo").then(() => "published", (error: unknown) => {
    // A socket that is closed throws errors of its own.
    return error instanceof PublishFailed && error.code || "hung up";
  });
  for (const publisher of [first, second]) await publisher.vanish();
  return told;
}

/** Connects twice to the port of sources, then asks by the first. @returns the first line of its answer */
async function firstOfTwoSources({ icecastPort: port }: EchoServer): Promise<string> {
  using first = await Deno.connect({ hostname: "127.0.0.1", port });
  using _second = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(1000);
  try {
    await first.write(new TextEncoder().encode("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"));
    const count = await first.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, count)).split("\r\n")[0] ?? "";
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
      return "";
    }
    throw error;
  }
}

/** @returns whether HTTP is answered beside a connection that is open */
async function servesSecond({ hlsPort: port }: EchoServer): Promise<boolean> {
  using stack = new DisposableStack();
  const isServed = async () => {
    const conn = stack.use(await Deno.connect({ hostname: "127.0.0.1", port }));
    await conn.write(new TextEncoder().encode("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"));
    try {
      return await conn.read(new Uint8Array(1)) !== null;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return false;
      throw error;
    }
  };
  await until("a connection is served", isServed);
  return await isServed();
}

/** Has a client of a proxy watch events twice at a time. @returns the statuses of the answers */
async function watchTwice({ statPort }: EchoServer): Promise<number[]> {
  const statuses: number[] = [];
  const over = new AbortController();
  for (let i = 0; i < 2; i++) {
    const { status } = await fetch(`http://127.0.0.1:${statPort}/stat/1/events`, {
      headers: { "Authorization": "Bearer old-stat", "X-Forwarded-For": "192.0.2.1" },
      signal: over.signal,
    });
    statuses.push(status);
  }
  over.abort();
  return statuses;
}

/** Asks for the list of recordings. @returns the status of the answer */
async function recordings(server: EchoServer, token: string): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` };
  const url = `http://127.0.0.1:${server.statPort}/stat/1/recordings`;
  const response = await fetch(url, { headers });
  await response.body?.cancel();
  return response.status;
}

/** Has a hook sent. @returns who gets it, and whether its signature is theirs */
async function receiveHook({ server, ...receivers }: Scene) {
  const name = crypto.randomUUID();
  assert.equal(await publish(server, `Bearer ${TOKEN}`, "rtmp", name), 200);
  return await until("a hook server is told", () => {
    const by = (["oldHooks", "newHooks"] as const).find((by) => receivers[by].types(name).length);
    return by && { by, isGenuine: !receivers[by].forged.some((hook) => hook.includes(name)) };
  });
}

/** Recordings that the log says are deleted, and why. */
function deletions(log: readonly string[]): string[] {
  return log.flatMap((line) => {
    const [, file, why] = /(\S+) of \d+ bytes is deleted: (.*)$/.exec(line) ?? [];
    return file === undefined ? [] : [`${file}: ${why}`];
  }).sort();
}

/** Fallback files that the log says cannot be used. */
function refusedFallbacks(log: readonly string[]): string[] {
  return log.flatMap((line) => /Cannot use the fallback (\S+): /.exec(line)?.[1] ?? []).sort();
}

/** Stops the server and starts it again. @returns what it said of draining before it stopped */
async function restart(server: EchoServer): Promise<string[]> {
  const before = server.log.length;
  assert.equal((await server.stop("SIGTERM")).code, 0);
  const said = server.log.slice(before).flatMap((line) => /drains for up to .* s/.exec(line) ?? []);
  await server.startAgain();
  return said;
}
