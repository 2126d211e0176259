/** Checks whether somebody listens where webhooks go. */
import type { Config } from "../../config.ts";
import { error, type Finding, reason } from "./finding.ts";

/** Connects to the hook server and sends nothing. */
export async function checkHookServer({ hook }: Config): Promise<Finding[]> {
  if (hook.url === undefined) return [];
  const { hostname, host, port, protocol } = new URL(hook.url);
  const number = Number(port === "" ? DEFAULT_PORTS.get(protocol) : port);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const seconds = GIVE_UP_MS / 1000;
  const timer = setTimeout(() => reject(new Error(`no answer within ${seconds} s`)), GIVE_UP_MS);
  try {
    const connecting = Deno.connect({ hostname: hostname.replace(/^\[|\]$/g, ""), port: number });
    (await Promise.race([connecting, late])).close();
    return [];
  } catch (thrown) {
    return [error(`HOOK_URL: Cannot connect to ${host}: ${reason(thrown)}`)];
  } finally {
    clearTimeout(timer);
  }
}

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([["http:", 80], ["https:", 443]]);
const GIVE_UP_MS = 3000;
