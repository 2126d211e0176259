import { ChromiumEngine } from "./chromium.ts";
import type { Engine, EngineKind } from "./engine.ts";
import { FirefoxEngine } from "./firefox.ts";
import { WebKitEngine } from "./webkit.ts";

const STARTS: Readonly<Record<EngineKind, () => Promise<Engine>>> = {
  chromium: ChromiumEngine.start,
  firefox: FirefoxEngine.start,
  webkit: WebKitEngine.start,
};

/** Every engine that is to be had on this system. */
export const ENGINE_KINDS: readonly EngineKind[] = Deno.build.os === "linux"
  ? ["chromium", "firefox", "webkit"]
  : ["chromium"];

export function startEngine(kind: EngineKind): Promise<Engine> {
  return STARTS[kind]();
}
