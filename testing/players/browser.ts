/** Chromium with a page that plays HLS, by hls.js or by itself. */
import hlsJs from "hls.js/dist/hls.min.js" with { type: "text" };
import { Buffer } from "node:buffer";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { CHROMIUM } from "./chromium.ts";
import { until } from "../until.ts";
import { type Heard, Listener } from "./listener.ts";
import streamEar from "./stream_ear.js" with { type: "text" };

const PLAYER_PAGE = new URL("player_page.html", import.meta.url);

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

  /** @param trusts whether it takes any certificate, as one that a test has made */
  static async start(trusts: "known" | "any" = "known"): Promise<Browser> {
    const profile = await Deno.makeTempDir({ prefix: "echo-chromium-" });
    const context = await chromium.launchPersistentContext(profile, {
      ...CHROMIUM,
      headless: true,
      ignoreHTTPSErrors: trusts === "any",
      args: [...CHROMIUM.args, "--autoplay-policy=no-user-gesture-required"],
    });
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => serveFile(new URL(request.url).pathname),
    );
    return new Browser(context, profile, server);
  }

  /**
   * Plays a playlist in a new page.
   * @param from where hls.js is to begin, in seconds from the first segment on; by default where it
   *   begins by itself
   */
  async play(playlistUrl: string, kind: PlayerKind, from?: number): Promise<Player> {
    const page = await this.#context.newPage();
    const player = new Player(page, kind);
    const query = new URLSearchParams({ url: playlistUrl, by: kind });
    if (from !== undefined) query.set("from", `${from}`);
    await page.goto(`http://127.0.0.1:${this.#server.addr.port}/?${query}`);
    return player;
  }

  /** Loads a file in a new page, and plays it. @param type its media type */
  async playFile(file: Uint8Array<ArrayBuffer>, type: string): Promise<Player> {
    const page = await this.#context.newPage();
    await page.route("**/file", (route) => {
      return route.fulfill({ body: Buffer.from(file), contentType: type });
    });
    const player = new Player(page, "native");
    const origin = `http://127.0.0.1:${this.#server.addr.port}`;
    await page.goto(origin + "/?by=native&file=file");
    return player;
  }

  /** Opens an address in a new page. */
  async open(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    await page.goto(url);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await this.#server.shutdown();
    await Deno.remove(this.#profile, { recursive: true });
  }
}

/** A page that plays. */
export class Player extends Listener {
  /** Paths of all that it asked a server for, in order. */
  readonly asked: string[] = [];
  readonly #page: Page;

  constructor(page: Page, readonly kind: PlayerKind) {
    super();
    this.#page = page;
    page.on("request", (request) => this.asked.push(new URL(request.url()).pathname));
  }

  override async heard(): Promise<Heard> {
    return await this.#page.evaluate<Heard>("heard");
  }

  /** Notes from now on which moment of the stream sounds; see `stream_time.ts`. */
  async listen(): Promise<void> {
    await this.#page.evaluate(`(() => { ${streamEar} })()`);
  }

  /**
   * Goes to another place, and listens there for a while, after {@link listen}.
   * @param position in seconds
   * @returns as {@link soundAhead}
   */
  async seek(position: number): Promise<number[]> {
    await this.#page.evaluate(`new Promise((resolve) => {
      audio.addEventListener("seeked", resolve, { once: true });
      audio.currentTime = ${position};
    })`);
    await this.#page.evaluate("streamEar.length = 0");
    return await until("it sounds there", async () => {
      const ahead = await this.soundAhead();
      return ahead.length >= SOUNDS_AT_A_PLACE && ahead;
    });
  }

  /** How much further on in the stream what sounded was than the clock, each time, in seconds. */
  async soundAhead(): Promise<number[]> {
    return await this.#page.evaluate<number[]>("streamEar.map(({ ahead }) => ahead)");
  }

  override async mark(): Promise<void> {
    await this.#page.evaluate("mark()");
  }
}

const SOUNDS_AT_A_PLACE = 5;

async function serveFile(path: string): Promise<Response> {
  if (path === "/") return respond(await Deno.readFile(PLAYER_PAGE), "text/html");
  if (path === "/hls.min.js") return respond(hlsJs, "text/javascript");
  return new Response(null, { status: 404 });
}

function respond(body: BodyInit, type: string): Response {
  return new Response(body, { headers: { "Content-Type": type } });
}
