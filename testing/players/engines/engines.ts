/** The browsers that are installed on this machine, by kind. */
import { ChromiumEngine } from "./chromium.ts";
import type { Engine, EngineKind, EngineSettings } from "./engine.ts";
import { FirefoxEngine } from "./firefox.ts";
import { WebKitEngine } from "./webkit.ts";

const STARTS: Readonly<
  Record<EngineKind, (settings: Required<EngineSettings>) => Promise<Engine>>
> = {
  chromium: ChromiumEngine.start,
  firefox: FirefoxEngine.start,
  webkit: WebKitEngine.start,
};

/** Every engine that scripts/setup.sh installs here: on Debian all, elsewhere Chromium alone. */
export const ENGINE_KINDS: readonly EngineKind[] = isDebian()
  ? ["chromium", "firefox", "webkit"]
  : ["chromium"];

/** Starts one, with light colours and motion by default. */
export function startEngine(
  kind: EngineKind,
  { scheme = "light", motion = "moving" }: EngineSettings = {},
): Promise<Engine> {
  return STARTS[kind]({ scheme, motion });
}

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(Deno.readTextFileSync("/etc/os-release"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
