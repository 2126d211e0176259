/** Firefox as a browser with one page, by WebDriver BiDi. */
import { Child } from "../../child.ts";
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
import { BidiConnection } from "./bidi.ts";

/** Asks nobody but the server that is tested. */
const PREFERENCES = {
  "app.update.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
};

/** The preference that stands for a person's choice, and its values. */
const SCHEME = "layout.css.prefers-color-scheme.content-override";
const SCHEMES: Readonly<Record<ColorScheme, number>> = { dark: 0, light: 1 };
const MOTION = "ui.prefersReducedMotion";
const MOTIONS: Readonly<Record<Motion, number>> = { moving: 0, still: 1 };

interface Contexts {
  readonly contexts: readonly { readonly context: string }[];
}

type Evaluated =
  | { readonly type: "success"; readonly result: { readonly value: unknown } }
  | { readonly type: "exception"; readonly exceptionDetails: { readonly text: string } };

/** Firefox, driven by WebDriver BiDi, which it speaks by itself. */
export class FirefoxEngine implements Engine {
  readonly kind = "firefox";
  readonly #connection: BidiConnection;
  readonly #context: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(connection: BidiConnection, context: string, stack: AsyncDisposableStack) {
    this.#connection = connection;
    this.#context = context;
    this.#stack = stack;
  }

  static async start({ scheme, motion }: Required<EngineSettings>): Promise<FirefoxEngine> {
    await using stack = new AsyncDisposableStack();
    const profile = await Deno.makeTempDir({ prefix: "echo-firefox-" });
    stack.defer(() => Deno.remove(profile, { recursive: true }));
    const preferences = {
      ...PREFERENCES,
      [SCHEME]: SCHEMES[scheme],
      [MOTION]: MOTIONS[motion],
    };
    const lines = Object.entries(preferences).map(([name, value]) => {
      return `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`;
    });
    await Deno.writeTextFile(`${profile}/user.js`, lines.join(""));
    stack.use(soundServer(profile));
    await until("the sound server listens", () => isThere(`${profile}/sound`));
    const browser = new Child("firefox-esr", [
      ...["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"],
    ], { env: { HOME: profile, PULSE_SERVER: `unix:${profile}/sound` } });
    // What it has begun to write is not to be removed under its hands.
    stack.defer(async () => void await browser.stop("SIGTERM"));
    const line = await browser.line(/WebDriver BiDi listening on ws:/);
    const connection = stack.use(await BidiConnection.open(`${line.split(" ").at(-1)}/session`));
    await connection.call("session.new", { capabilities: {} });
    const { contexts } = await connection.call<Contexts>("browsingContext.getTree", {});
    return new FirefoxEngine(connection, contexts[0]?.context ?? "", stack.move());
  }

  async resize(viewport: ViewportSize): Promise<ViewportSize> {
    const target = { context: this.#context, viewport };
    await this.#connection.call("browsingContext.setViewport", target);
    return await this.evaluate(VIEWPORT);
  }

  async open(url: string): Promise<void> {
    const target = { context: this.#context, url, wait: "complete" };
    await this.#connection.call("browsingContext.navigate", target);
  }

  async evaluate<T>(expression: string): Promise<T> {
    const evaluated = await this.#connection.call<Evaluated>("script.evaluate", {
      expression: asJson(expression),
      target: { context: this.#context },
      awaitPromise: false,
    });
    if (evaluated.type === "exception") throw new Error(evaluated.exceptionDetails.text);
    return fromJson(evaluated.result.value);
  }

  async click(selector: string): Promise<void> {
    const box = `document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect()`;
    const centre = `(({ x, y, width, height }) => [x + width / 2, y + height / 2])(${box})`;
    const [x, y] = (await this.evaluate<[number, number]>(centre)).map(Math.round);
    const actions = [
      { type: "pointerMove", x, y },
      { type: "pointerDown", button: 0 },
      { type: "pointerUp", button: 0 },
    ];
    await this.#connection.call("input.performActions", {
      context: this.#context,
      actions: [{ type: "pointer", id: "mouse", actions }],
    });
  }

  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.#connection.call<{ data: string }>(
      "browsingContext.captureScreenshot",
      { context: this.#context },
    );
    return Uint8Array.fromBase64(data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Takes its time as a sound card does: Firefox plays nothing at all on a machine that has none. */
function soundServer(folder: string): Child {
  const modules = [
    "module-null-sink",
    `module-native-protocol-unix socket=${folder}/sound auth-anonymous=1`,
  ];
  return new Child("pulseaudio", [
    ...["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes"],
    ...modules.flatMap((module) => ["-L", module]),
  ], { env: { HOME: folder, XDG_RUNTIME_DIR: folder } });
}
