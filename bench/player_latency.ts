/** The benchmark `player-latency`: how far behind the encoder hls.js in Chromium is heard. */
import hlsJs from "hls.js/dist/hls.min.js" with { type: "text" };
import { chromium, type Page } from "playwright-core";
import { CHROMIUM } from "../testing/players/chromium.ts";
import { Child } from "../testing/child.ts";
import { until } from "../testing/until.ts";
import { median } from "./median.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Report } from "./report.ts";
import { ServerProcess } from "./server_process.ts";

const SECONDS = 300;
/** The pitch rises for so long, and begins again: a listener is not farther behind than that. */
const SWEEP_S = 20;
const LOWEST_HZ = 1000;
const HZ_PER_S = 400;
const PAGE = new URL("player_page.html", import.meta.url);
const BUDGET = { latencyS: 2.0, joinS: 1.0 };

/** What a page has heard; times in milliseconds since the epoch. */
interface Heard {
  readonly startedAt: number;
  readonly firstSoundAt: number;
  /** When which pitch was heard, in hertz. */
  readonly samples: readonly (readonly [at: number, hz: number])[];
  readonly stalls: number;
}

/** Plays a tone whose pitch tells the time, in low latency and from the ordinary playlist. */
export async function playerLatency({ numbers, profileFolder }: BenchmarkOptions): Promise<Report> {
  const [seconds = SECONDS] = numbers;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const env = { ECHO_ENABLED: "0", HLS_TARGET_DURATION: "1" };
  const server = await ServerProcess.start({ folder, env, profileFolder });
  stack.defer(() => server.abort());
  const encoder = stack.use(encode(`rtmp://127.0.0.1:${server.ports.rtmp}/live/demo`));
  const root = `http://127.0.0.1:${server.ports.hls}/cast/demo`;
  await until("it can be heard in low latency", () => isThere(`${root}/low.m3u8`));
  const sentFrom = await sentSince(encoder);
  const pages = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => servePage(new URL(request.url).pathname),
  );
  stack.defer(() => pages.shutdown());
  const context = await chromium.launchPersistentContext(`${folder}/profile`, {
    ...CHROMIUM,
    headless: true,
    args: [...CHROMIUM.args, "--autoplay-policy=no-user-gesture-required"],
  });
  stack.defer(() => context.close());
  const open = async (file: string) => {
    const page = await context.newPage();
    const query = new URLSearchParams({ url: `${root}/${file}` });
    await page.goto(`http://127.0.0.1:${pages.addr.port}/?${query}`);
    return page;
  };
  const players = [await open("low.m3u8"), await open("playlist.m3u8")];
  for (const page of players) await page.evaluate("play()");
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const [low, other] = await Promise.all(players.map((page) => heardBy(page, sentFrom)));
  await server.stop();
  if (low === undefined || other === undefined) throw new Error("Cannot measure: nothing plays");
  return {
    title: `player-latency: hls.js in Chromium, segments of 1 s, ${seconds} s`,
    figures: [
      {
        what: "low.m3u8, median",
        value: low.medianS,
        unit: "s",
        digits: 2,
        budget: BUDGET.latencyS,
      },
      { what: "… longest", value: low.longestS, unit: "s", digits: 2 },
      { what: "… sound after play", value: low.joinS, unit: "s", digits: 2, budget: BUDGET.joinS },
      { what: "… stalls", value: low.stalls, unit: "", budget: 0 },
      { what: "playlist.m3u8, median", value: other.medianS, unit: "s", digits: 2 },
      { what: "… sound after play", value: other.joinS, unit: "s", digits: 2 },
      { what: "… stalls", value: other.stalls, unit: "" },
    ],
    notes: ["from the encoder's input to what the page's audio graph plays"],
  };
}

/** HTTP may listen later than RTMP. */
async function isThere(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.body?.cancel();
    return answer.ok;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** What a player was like. */
interface Experience {
  readonly medianS: number;
  readonly longestS: number;
  readonly joinS: number;
  readonly stalls: number;
}

async function heardBy(page: Page, sentFrom: number): Promise<Experience> {
  const { startedAt, firstSoundAt, samples, stalls } = await page.evaluate<Heard>("heard");
  const latencies = samples.flatMap(([at, hz]) => {
    const place = (hz - LOWEST_HZ) / HZ_PER_S;
    if (place < 0 || place > SWEEP_S) return [];
    const sweeps = (at - sentFrom) / 1000 - place;
    return [sweeps - SWEEP_S * Math.floor(sweeps / SWEEP_S)];
  });
  return {
    medianS: median(latencies),
    longestS: Math.max(...latencies),
    joinS: (firstSoundAt - startedAt) / 1000,
    stalls,
  };
}

/** A DJ whose pitch rises in each sweep. */
function encode(url: string): Child {
  const place = `mod(t,${SWEEP_S})`;
  // The phase is the integral of the frequency.
  const phase = `2*PI*(${LOWEST_HZ}*${place}+${HZ_PER_S / 2}*${place}*${place})`;
  return new Child("ffmpeg", [
    ...["-hide_banner", "-nostdin", "-v", "error", "-progress", "pipe:1", "-stats_period", "0.1"],
    ...["-re", "-f", "lavfi", "-i", `aevalsrc='0.3*sin(${phase})':s=48000`],
    ...["-c:a", "aac", "-b:a", "128k", "-f", "flv", url],
  ]);
}

/** When the encoder took its first sample, in milliseconds since the epoch: it takes them in time. */
async function sentSince(encoder: Child): Promise<number> {
  const sent = () => {
    const line = encoder.lines.findLast((line) => /^out_time_us=\d/.test(line));
    return line === undefined ? undefined : Number(line.split("=")[1]) / 1000;
  };
  let earliest = Infinity;
  for (let i = 0; i < 50; i++) {
    const before = sent();
    const now = await until("the encoder goes on", () => sent() !== before && sent());
    // What is read late only seems to have been sent early.
    earliest = Math.min(earliest, Date.now() - now);
  }
  return earliest;
}

async function servePage(path: string): Promise<Response> {
  const [body, type] = path === "/hls.min.js"
    ? [hlsJs, "text/javascript"]
    : [await Deno.readTextFile(PAGE), "text/html"];
  return new Response(body, { headers: { "Content-Type": type } });
}
