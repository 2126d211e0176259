/** WebKit as a browser with one page, by WebDriver. */
import { Child } from "../../child.ts";
import { freePort } from "../../free_ports.ts";
import { until } from "../../until.ts";
import {
  asJson,
  type ColorScheme,
  type Engine,
  type EngineSettings,
  fromJson,
  isThere,
  type Motion,
  VIEWPORT,
  type ViewportSize,
} from "./engine.ts";

/** The key of an element in WebDriver's JSON (W3C WebDriver 11). */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Large enough for a page that is looked at whole. */
const SCREEN = "1600x3000x24";
/** GTK's own; WebKit tells pages which of them it is. */
const THEMES: Readonly<Record<ColorScheme, string>> = { light: "Adwaita", dark: "Adwaita:dark" };
/** Has a page draw something all the time, that nobody sees. */
const DRAW = `(globalThis.drawing = setInterval(() => {
  const { style } = document.documentElement;
  style.opacity = style.opacity === "" ? "0.9999" : "";
}, 50), true)`;
const DRAW_NO_MORE = `(clearInterval(drawing), document.documentElement.style.opacity = "")`;

/** WebKitGTK in its own small browser, driven by WebDriver on a screen that nobody sees. */
export class WebKitEngine implements Engine {
  readonly kind = "webkit";
  readonly #session: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(session: string, stack: AsyncDisposableStack) {
    this.#session = session;
    this.#stack = stack;
  }

  static async start({ scheme, motion }: Required<EngineSettings>): Promise<WebKitEngine> {
    await using stack = new AsyncDisposableStack();
    const home = await Deno.makeTempDir({ prefix: "echo-webkit-" });
    stack.defer(() => Deno.remove(home, { recursive: true }));
    await writeSettings(home, motion);
    const screen = stack.use(
      new Child("Xvfb", ["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"]),
    );
    const display = await screen.line(/^\d+$/);
    const port = freePort();
    const driver = new Child("WebKitWebDriver", [`--port=${port}`], {
      env: {
        HOME: home,
        XDG_CONFIG_HOME: home,
        XDG_RUNTIME_DIR: home,
        DISPLAY: `:${display}`,
        NO_AT_BRIDGE: "1",
        GTK_THEME: THEMES[scheme],
        // It draws by itself: drawing by OpenGL without a graphics card has crashed in Mesa.
        WEBKIT_DISABLE_COMPOSITING_MODE: "1",
        WEBKIT_DISABLE_DMABUF_RENDERER: "1",
        // A sink that takes its time as a sound card does, for machines that have none.
        GST_PLUGIN_FEATURE_RANK: "fakeaudiosink:MAX",
      },
    });
    stack.defer(async () => void await driver.stop("SIGTERM"));
    const origin = `http://127.0.0.1:${port}`;
    await until("WebKit's driver listens", () => ask(`${origin}/status`).catch(() => undefined));
    const options = { binary: await miniBrowser(), args: ["--automation"] };
    const { sessionId } = await ask<{ sessionId: string }>(`${origin}/session`, {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } },
    });
    const session = `${origin}/session/${sessionId}`;
    stack.defer(async () => void await ask(session, undefined, "DELETE"));
    return new WebKitEngine(session, stack.move());
  }

  /** Its toolbar keeps the window from being as narrow as the narrowest phones. */
  async resize({ width, height }: ViewportSize): Promise<ViewportSize> {
    const [right, bottom] = await this.evaluate<[number, number]>(
      "[outerWidth - innerWidth, outerHeight - innerHeight]",
    );
    const rect = { width: width + right, height: height + bottom };
    await ask(`${this.#session}/window/rect`, rect);
    return await this.evaluate(VIEWPORT);
  }

  async open(url: string): Promise<void> {
    await ask(`${this.#session}/url`, { url });
  }

  async evaluate<T>(expression: string): Promise<T> {
    const script = `return ${asJson(expression)}`;
    return fromJson(await ask(`${this.#session}/execute/sync`, { script, args: [] }));
  }

  async click(selector: string): Promise<void> {
    const found = await ask<Record<string, string>>(`${this.#session}/element`, {
      using: "css selector",
      value: selector,
    });
    await ask(`${this.#session}/element/${found[ELEMENT]}/click`, {});
  }

  /** It takes what the page draws next, and a page that stands still draws nothing. */
  async screenshot(): Promise<Uint8Array> {
    await this.evaluate(DRAW);
    try {
      return Uint8Array.fromBase64(await ask<string>(`${this.#session}/screenshot`));
    } finally {
      await this.evaluate(DRAW_NO_MORE);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** WebKit tells pages by GTK's animations whether a person wants motion. */
async function writeSettings(home: string, motion: Motion): Promise<void> {
  const text = `[Settings]\ngtk-enable-animations=${motion === "moving"}\n`;
  for (const version of ["gtk-3.0", "gtk-4.0"]) {
    await Deno.mkdir(`${home}/${version}`);
    await Deno.writeTextFile(`${home}/${version}/settings.ini`, text);
  }
}

/** Sends a command (W3C WebDriver 6.3). @throws what the driver has against it */
async function ask<T>(url: string, body?: unknown, method?: string): Promise<T> {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    body: body === undefined ? null : JSON.stringify(body),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${url}: ${value.error}: ${value.message}`);
  return value;
}

/** Debian puts it into a folder of the machine's architecture and of the library's version. */
async function miniBrowser(): Promise<string> {
  for (const architecture of await foldersIn("/usr/lib")) {
    for (const library of await foldersIn(architecture)) {
      const path = `${library}/MiniBrowser`;
      if (/\/webkit[^/]*$/.test(library) && await isThere(path)) return path;
    }
  }
  throw new Error("Cannot find WebKit's MiniBrowser in /usr/lib");
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => `${folder}/${name}`);
}
