/** Tries out a program before it is released. */
import { join } from "node:path";
import { SERVER_NAME } from "../../src/version.ts";
import { type Arch, HOST } from "../compile/stage.ts";
import { runTool, ToolError } from "../compile/tool.ts";

const GIVE_UP_MS = 60_000;
/** How much longer an emulated processor takes. */
const EMULATION = 5;

/**
 * Asks `program` for its version, starts it and stops it. A program for another processor runs where
 * the kernel hands it to QEMU.
 * @throws {Error} where anything fails
 */
export async function tryOut(program: string, arch: Arch): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "echo-release-" });
  // So that it does not unpack into the cache of the user.
  const cache = { CACHE_DIRECTORY: join(folder, "cache") };
  const giveUpMs = arch === HOST ? GIVE_UP_MS : GIVE_UP_MS * EMULATION;
  try {
    const shown = await show(program, folder, cache, arch);
    if (!shown.startsWith(`${SERVER_NAME}\n`)) {
      throw new Error(`Cannot release ${program}: expected ${SERVER_NAME}, got ${shown}`);
    }
    await startAndStop(program, folder, { env: cache, giveUpMs });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function show(
  program: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
  arch: Arch,
): Promise<string> {
  try {
    return await runTool(program, ["-v"], { cwd, env });
  } catch (error) {
    if (arch === HOST || !(error instanceof ToolError)) throw error;
    const hint = "is there a QEMU that the kernel knows (qemu-user-static, binfmt-support)?";
    throw new Error(`Cannot try out a program for ${arch}: ${hint}\n${error.message}`);
  }
}

async function startAndStop(
  program: string,
  cwd: string,
  { env, giveUpMs }: { readonly env: Readonly<Record<string, string>>; readonly giveUpMs: number },
): Promise<void> {
  const [control, srt, rtmp, hls, stat] = freePorts();
  const server = new Deno.Command(program, {
    cwd,
    env: {
      ...env,
      ECHO_AUTH: "open",
      ECHO_ADDR: `127.0.0.1:${control}`,
      ECHO_SRT_ADDR: `127.0.0.1:${srt}`,
      RTMP_ADDR: `127.0.0.1:${rtmp}`,
      HLS_WEB_ADDR: `127.0.0.1:${hls}`,
      STAT_WEB_ADDR: `127.0.0.1:${stat}`,
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => server.kill("SIGKILL"), giveUpMs);
  let log = "";
  for await (const text of server.stderr.pipeThrough(new TextDecoderStream())) {
    const before = log;
    log += text;
    const ready = `statistics listens on 127.0.0.1:${stat}`;
    if (log.includes(ready) && !before.includes(ready)) {
      const unhealthy = await whyUnhealthy(`http://127.0.0.1:${stat}/health`);
      if (unhealthy !== undefined) log += `Cannot be: health ${unhealthy}\n`;
      server.kill("SIGTERM");
    }
  }
  const { code } = await server.status;
  clearTimeout(timer);
  // An emulated processor is so slow that the disk seems to be.
  const told = log.split("\n").filter((line) => !line.endsWith("the disk does not answer"));
  if (code !== 0 || !log.includes("SRT listens") || /Cannot|ERROR|FATAL/.test(told.join("\n"))) {
    throw new Error(`Cannot release ${program}: a server of it ended with ${code}:\n${log}`);
  }
}

async function whyUnhealthy(url: string): Promise<string | undefined> {
  try {
    const { status } = await fetch(url);
    return status === 200 ? undefined : `answered ${status}`;
  } catch (error) {
    return String(error);
  }
}

function freePorts(): number[] {
  const listeners = Array.from(
    { length: 5 },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}
