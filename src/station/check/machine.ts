/** Checks what the machine has to have: libsrt, a clock that is right, enough file descriptors. */
import type { Config } from "../../config.ts";
import { loadSrt } from "../../../ffi/srt.ts";
import { Libc } from "../libc.ts";
import { openFilesLimit } from "../web_limits.ts";
import { attempted, error, type Finding, warning } from "./finding.ts";

/** Whether there is a libsrt that can be used. */
export async function checkLibsrt({ control, srt: { library } }: Config): Promise<Finding[]> {
  if (!control.enabled) return [];
  return await attempted(() => loadSrt(library === undefined ? {} : { path: library }).close());
}

/**
 * Whether as many files may be open as connections are allowed: half of them are for HTTP, and half
 * for DJs and recordings. A connection with TLS is two, and RTMPS has as many as RTMP beside it, as
 * Icecast over TLS has beside Icecast.
 * @param limit how many may be open; `undefined` where it is not known
 */
export function checkDescriptors(
  { rtmp, icecast, web, tls }: Pick<Config, "rtmp" | "icecast" | "web" | "tls">,
  limit: number | undefined = openFilesLimit(),
): Finding[] {
  const isSecure = tls.certFile !== undefined;
  const hasRtmps = isSecure && tls.rtmpsAddr !== "off";
  const hasIcecastOverTls = isSecure && tls.icecastAddr !== "off";
  const wanted = {
    WEB_MAX_CONNECTIONS: 2 * web.maxConnections * (isSecure ? 2 : 1),
    RTMP_MAX_CONNECTIONS: 2 * rtmp.maxConnections * (hasRtmps ? 3 : 1),
    ICECAST_MAX_CONNECTIONS: icecast.enabled
      ? 2 * icecast.maxConnections * (hasIcecastOverTls ? 3 : 1)
      : 0,
  };
  const [name, expected] = Object.entries(wanted).reduce((a, b) => b[1] > a[1] ? b : a);
  if (limit === undefined || limit >= expected) return [];
  return [
    error(
      `The process may have ${limit} files open (ulimit -n, LimitNOFILE): expected ${expected} or ` +
        `more for ${name}, of which half are for broadcasts`,
    ),
  ];
}

/**
 * Whether the clock may be right: no folder of the server was changed later than now.
 * @param now the wall time in milliseconds
 */
export async function checkClock({ hls, record }: Config, now: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of [hls.rootDir, record.rootDir]) {
    const changed = await changedAt(path);
    if (changed === undefined || changed.getTime() <= now + CLOCK_TOLERANCE_MS) continue;
    const [clock, later] = [new Date(now), changed].map((time) => time.toISOString());
    findings.push(error(`The clock says ${clock}, but ${path} was changed at ${later}`));
  }
  if (isSynchronized() === false) {
    findings.push(warning("The clock is not synchronized with others (NTP): it may be wrong"));
  }
  return findings;
}

async function changedAt(path: string): Promise<Date | undefined> {
  try {
    return (await Deno.stat(path)).mtime ?? undefined;
  } catch (thrown) {
    // The check of folders tells what else may be wrong with it.
    if (thrown instanceof Error && "code" in thrown) return undefined;
    throw thrown;
  }
}

function isSynchronized(): boolean | undefined {
  if (Deno.build.os !== "linux") return undefined;
  using libc = new Libc();
  return libc.clockIsSynchronized;
}

const CLOCK_TOLERANCE_MS = 60_000;
