import { type BrowserContext, chromium, type Page } from "playwright-core";
import { until } from "./condition.ts";

const HLS_JS = new URL(import.meta.resolve("hls.js/dist/hls.min.js"));
const PLAYER_PAGE = new URL("player_page.html", import.meta.url);

/** What a listener would notice. Times are the page's own. */
export interface Heard {
  /** Where it is, in seconds of the media. */
  readonly position: number;
  /** Seconds that were played, without what was jumped over. */
  readonly played: number;
  /** Milliseconds for which it stood still, from one second after its start on. */
  readonly longestStallMs: number;
  /** What ended it. */
  readonly errors: readonly string[];
  /** What hls.js got over. */
  readonly warnings: readonly string[];
}

/** How a page plays HLS: by the library in most players, or by what Chromium has itself. */
export const PLAYER_KINDS = ["hls.js", "native"] as const;
export type PlayerKind = typeof PLAYER_KINDS[number];

/** Chromium, with a profile of its own and a page that plays HLS. Gone at its disposal. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #profile: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(
    context: BrowserContext,
    profile: string,
    server: Deno.HttpServer<Deno.NetAddr>,
  ) {
    this.#context = context;
    this.#profile = profile;
    this.#server = server;
  }

  static async start(): Promise<Browser> {
    const profile = await Deno.makeTempDir({ prefix: "echo-chromium-" });
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: "/usr/bin/chromium",
      headless: true,
      args: [
        "--no-sandbox",
        "--disable-background-networking",
        "--autoplay-policy=no-user-gesture-required",
      ],
    });
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => serveFile(new URL(request.url).pathname),
    );
    return new Browser(context, profile, server);
  }

  /** Plays a playlist in a new page. */
  async play(playlistUrl: string, kind: PlayerKind): Promise<Player> {
    const page = await this.#context.newPage();
    const query = new URLSearchParams({ url: playlistUrl, by: kind });
    await page.goto(`http://127.0.0.1:${this.#server.addr.port}/?${query}`);
    return new Player(page, kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await this.#server.shutdown();
    await Deno.remove(this.#profile, { recursive: true });
  }
}

/** A page that plays. */
export class Player {
  readonly #page: Page;
  readonly #kind: PlayerKind;

  constructor(page: Page, kind: PlayerKind) {
    this.#page = page;
    this.#kind = kind;
  }

  /** What was heard until now. */
  async heard(): Promise<Heard> {
    return await this.#page.evaluate<Heard>("heard");
  }

  /** Waits until so many seconds were played. @throws where playing ends before */
  async played(seconds: number): Promise<Heard> {
    return await until(`${this.#kind} has played ${seconds} s`, async () => {
      const heard = await this.heard();
      if (heard.errors.length > 0) throw new Error(`${this.#kind} failed: ${heard.errors}`);
      return heard.played >= seconds && heard;
    });
  }
}

async function serveFile(path: string): Promise<Response> {
  if (path === "/") return respond(await Deno.readFile(PLAYER_PAGE), "text/html");
  if (path === "/hls.min.js") return respond(await Deno.readFile(HLS_JS), "text/javascript");
  return new Response(null, { status: 404 });
}

function respond(body: Uint8Array<ArrayBuffer>, type: string): Response {
  return new Response(body, { headers: { "Content-Type": type } });
}
