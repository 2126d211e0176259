/** A station to be looked at: Echo with shows on air, of which some get into trouble. */
import { fileURLToPath } from "node:url";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { Child } from "../child.ts";
import { ask, reason } from "../e2e/control_request.ts";
import { EchoServer } from "../e2e/echo_server.ts";
import { sharedPort } from "../e2e/srt_senders.ts";
import { SrtRelay } from "../srt/srt_relay.ts";
import { until } from "../until.ts";

const CLIP = fileURLToPath(new URL("../../scripts/echo-client/clip.aac", import.meta.url));
const KEY = "a-key-of-the-house";
/** The token of operators. */
export const TOKEN = "a-token-of-operators";
/** The show whose page is looked at. */
export const EVENING = "evening";
/** Of the packets of a bad network. */
const LOST_EVERY = 8;
/** Encoders that start at once would hold each other up. */
const BETWEEN_MS = 150;

/** Titles as they come: some short, some in other scripts, one that is longer than any row. */
const TITLES: readonly (readonly [title: string, artist: string])[] = [
  ["Blue in green", "Trio Marais"],
  ["Songe d’une nuit du Sabbat (Larghetto – Allegro), in the version of 1830", "Orchestre de Lyon"],
  ["", ""],
  ["أغنية الصباح", "فيروز"],
  ["Ночной поезд", "Камерный ансамбль"],
  ["Morning news", "Newsroom"],
];
const PLACES = ["harbour", "castle", "attic", "garage", "market"];

/** Such a station. Gone at its disposal. */
export class ShownStation implements AsyncDisposable {
  readonly server: EchoServer;
  readonly #encoders: Child[] = [];
  readonly #stack: AsyncDisposableStack;
  readonly #hook: HookServer;

  private constructor(server: EchoServer, hook: HookServer, stack: AsyncDisposableStack) {
    this.server = server;
    this.#hook = hook;
    this.#stack = stack;
  }

  static async start(): Promise<ShownStation> {
    await using stack = new AsyncDisposableStack();
    const pictures = stack.use(new Pictures());
    const hook = stack.use(new HookServer());
    const server = stack.use(
      await EchoServer.start({
        env: {
          ...{ STAT_TOKEN: TOKEN, ECHO_AUTH: "dj", ECHO_DJ_FILE: "djs", HLS_HOLD: "900" },
          ...{ HLS_WEB_INDEX: "1", HLS_REWIND: "all", ARTWORK_URL: pictures.url },
          ...{ HOOK_URL: hook.url, HOOK_SECRET: "a-secret", ECHO_SRT_CONNECTION_TIMEOUT: "1800" },
        },
        files: { djs: `anna:${hashOfDjKey(KEY)}:*\n` },
        expectedErrors: [/./],
      }),
    );
    return new ShownStation(server, hook, stack.move());
  }

  get pages(): string {
    return `http://127.0.0.1:${this.server.hlsPort}`;
  }

  get dashboard(): string {
    return `http://127.0.0.1:${this.server.statPort}`;
  }

  /** Puts shows on air until there are so many. */
  async fill(count: number): Promise<void> {
    for (let i = this.#encoders.length; i < count; i++) {
      this.#encoders.push(this.#stack.use(this.#publish(nameOf(i), i)));
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    }
    await until(`${count} shows are listed`, async () => {
      const response = await fetch(`${this.pages}/index.json`);
      const { shows } = await response.json();
      return shows.filter(({ state }: { state: string }) => state === "on-air").length >= count;
    });
  }

  /** Two DJs lose their connections, one loses audio, one does not come, and the hook has enough. */
  async trouble(): Promise<void> {
    this.#hook.refuses = true;
    for (const index of [3, 9]) await this.#encoders[index]?.stop("SIGKILL");
    const port = sharedPort(this.server);
    const relay = await SrtRelay.to({ hostname: "127.0.0.1", port }, {
      loses: ({ message }) => message % LOST_EVERY === 0,
    });
    const { address } = this.#stack.use(relay);
    const streamId = `publish:losing:anna:${KEY}`;
    const url = `srt://127.0.0.1:${address.port}?streamid=${streamId}`;
    this.#stack.use(encoder(0, ["-f", "mpegts", url]));
    const answer = await ask(`127.0.0.1:${this.server.controlPort}`, {
      method: "POST",
      path: "publish/expected",
      body: { media: { type: "audio", protocol: "srt", format: "aac" }, ...reason(0, "") },
      headers: { Authorization: `Basic ${btoa(`anna:${KEY}`)}` },
    });
    if (answer.status !== 200) throw new Error(`Cannot expect a DJ: ${JSON.stringify(answer)}`);
  }

  /** The show whose page is looked at. SIGTERM ends it as a DJ does. */
  evening(): Child {
    return this.#publish(EVENING, 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #publish(name: string, index: number): Child {
    const url = this.server.rtmpUrl(`live/${name}?user=anna&key=${KEY}`);
    return encoder(index, ["-f", "flv", url]);
  }
}

/** Sends in real time, for as long as it lasts. */
function encoder(index: number, target: readonly string[]): Child {
  const [title = "", artist = ""] = TITLES[index % TITLES.length] ?? [];
  return new Child("ffmpeg", [
    ...["-hide_banner", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1"],
    ...["-i", CLIP, "-metadata", `title=${title}`, "-metadata", `artist=${artist}`],
    ...["-c", "copy", ...target],
  ]);
}

/** The name of a show; one is as long as a bad idea. */
function nameOf(index: number): string {
  if (index === 7) {
    return "a-show-whose-name-is-far-longer-than-anybody-would-want-to-type-0123456789";
  }
  return `${PLACES[index % PLACES.length]}-${index + 1}`;
}

/** Has a picture for one show. */
class Pictures implements AsyncDisposable {
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const isThere = new URL(request.url).pathname === `/${EVENING}.svg`;
    const headers = { "Content-Type": "image/svg+xml" };
    return new Response(isThere ? PICTURE : null, { status: isThere ? 200 : 404, headers });
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/{name}.svg`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400">
  <defs><linearGradient id="sky" x2="1" y2="1"><stop stop-color="#1d6a96"/>
    <stop offset="1" stop-color="#0d2436"/></linearGradient></defs>
  <rect width="600" height="400" fill="url(#sky)"/><circle cx="450" cy="120" r="80" fill="#fff8"/>
</svg>`;

/** Takes events until it has enough. */
class HookServer implements AsyncDisposable {
  refuses = false;
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    return new Response(null, { status: this.refuses ? 500 : 204 });
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
