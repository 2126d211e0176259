/** The benchmark `cache`: what listeners get by the files of `deploy/`, and what Echo is asked. */
import { setTimeout as pause } from "node:timers/promises";
import { ShippedProxy } from "../testing/e2e/shipped_proxy.ts";
import { parseMediaPlaylist } from "../testing/hls_validator/media_playlist.ts";
import { LoadProcess } from "./load_process.ts";
import { newsOf } from "./low_load.ts";
import { median } from "./median.ts";
import { type BenchmarkOptions, serverEnv } from "./options.ts";
import type { Figure, Report } from "./report.ts";
import { ServerProcess } from "./server_process.ts";

const LISTENERS = 200;
const SECONDS = 30;
const FOLDER = "/cast/bench-0/";
/** By then some segments are listed. */
const ON_AIR_MS = 8000;
/** As hls.js asks for playlists: once in a target duration. */
const ASK_MS = 1000;
const WATCH_MS = 20;
const ASKED_OF_ECHO = ["MISS", "EXPIRED", "REVALIDATED", "BYPASS"];

/** By which way listeners come. */
interface Way {
  readonly name: string;
  readonly ask: (path: string) => Promise<Response>;
}

/** What listeners found. */
interface Found {
  /** From when the segment was listed by Echo until a listener had all of it. */
  readonly delaysMs: number[];
  answers: number;
  /** Answers for which Echo was asked, where the proxy says so. */
  asked: number;
}

/** How late segments come to listeners, directly and by each proxy in turns. */
export async function cache(options: BenchmarkOptions): Promise<Report> {
  const { numbers: [listeners = LISTENERS, seconds = SECONDS], profileFolder } = options;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const env = {
    ECHO_ENABLED: "0",
    HLS_TARGET_DURATION: "1",
    TRUSTED_PROXIES: "127.0.0.1",
    WEB_MAX_PER_ADDRESS: "10000",
    ...serverEnv(options),
  };
  const server = await ServerProcess.start({ folder, env, profileFolder });
  stack.defer(() => server.abort());
  const load = await LoadProcess.start("rtmp_load.ts", [`${server.ports.rtmp}`, "1"]);
  stack.defer(() => load.abort());
  const { hls: hlsPort, stat: statPort, control: controlPort } = server.ports;
  const echo = { hlsPort, statPort, controlPort };
  const nginx = stack.use(await ShippedProxy.start("nginx", echo));
  const caddy = stack.use(await ShippedProxy.start("caddy", echo));
  const direct = (path: string) => fetch(`http://127.0.0.1:${hlsPort}${path}`);
  await pause(ON_AIR_MS);
  const figures: Figure[] = [];
  for (
    const way of [
      { name: "directly", ask: direct },
      { name: "nginx", ask: (path: string) => nginx.request(path) },
      { name: "Caddy", ask: (path: string) => caddy.request(path) },
    ]
  ) {
    figures.push(...figuresOf(way.name, await listen(way, direct, listeners, seconds)));
    const low = await listenInLow(way, direct, listeners, seconds);
    figures.push(...figuresOf(`${way.name}, low latency`, low));
  }
  await load.stop();
  await server.stop();
  return {
    title: `cache: ${listeners} listeners of a broadcast, segments of 1 s, ${seconds} s each way`,
    figures,
    notes: [
      "latency: from when Echo lists a segment until a listener, who asks for the playlist once a " +
      "second, has all of the segment",
      "in low latency: from when Echo lists a part until a listener, who waits for the next version " +
      "of the playlist, has all of the part",
      "all by HTTPS but directly, which is by HTTP",
    ],
  };
}

async function listen(
  way: Way,
  direct: Way["ask"],
  listeners: number,
  seconds: number,
): Promise<Found> {
  const until = performance.now() + 1000 * seconds;
  const goesOn = () => performance.now() < until;
  const listedAt = new Map<string, number>();
  const found: Found = { delaysMs: [], answers: 0, asked: 0 };
  const watch = async () => {
    for (let first = true; goesOn(); first = false) {
      const uri = await lastOf(await direct(`${FOLDER}playlist.m3u8`));
      // How long the first one has been there is not known.
      if (!listedAt.has(uri)) listedAt.set(uri, first ? NaN : performance.now());
      await pause(WATCH_MS);
    }
  };
  const listener = async () => {
    await pause(ASK_MS * Math.random());
    let heard = "";
    while (goesOn()) {
      const began = performance.now();
      const uri = await lastOf(await ask(way, `${FOLDER}playlist.m3u8`, found));
      if (uri !== heard) {
        heard = uri;
        await (await ask(way, FOLDER + uri, found)).bytes();
        const delayMs = performance.now() - (listedAt.get(uri) ?? NaN);
        if (!Number.isNaN(delayMs)) found.delaysMs.push(delayMs);
      }
      await pause(Math.max(0, ASK_MS - (performance.now() - began)));
    }
  };
  await Promise.all([watch(), ...Array.from({ length: listeners }, listener)]);
  return found;
}

/** Each waits for the next version of the playlist, and then asks for the part that it brings. */
async function listenInLow(
  way: Way,
  direct: Way["ask"],
  listeners: number,
  seconds: number,
): Promise<Found> {
  const until = performance.now() + 1000 * seconds;
  const listedAt = new Map<string, number>();
  const found: Found = { delaysMs: [], answers: 0, asked: 0 };
  const follow = async (ask: Way["ask"], onNewest: (uri: string) => void | Promise<void>) => {
    for (let query = ""; performance.now() < until;) {
      const news = newsOf(await (await ask(`${FOLDER}low-media.m3u8${query}`)).bytes());
      if (news === undefined) throw new Error("Cannot listen: the broadcast has ended");
      // How long the first one has been there is not known.
      if (query !== "") await onNewest(news.newest);
      query = `?_HLS_msn=${news.hint.sequence}&_HLS_part=${news.hint.part}`;
    }
  };
  const watch = follow(direct, (uri) => void listedAt.set(uri, performance.now()));
  const listener = async () => {
    await pause(ASK_MS * Math.random());
    await follow((path) => ask(way, path, found), async (uri) => {
      await (await ask(way, FOLDER + uri, found)).bytes();
      const hasAt = performance.now();
      // By a fast way it comes before the watcher's own answer.
      found.delaysMs.push(hasAt - (listedAt.get(uri) ?? hasAt));
    });
  };
  await Promise.all([watch, ...Array.from({ length: listeners }, listener)]);
  return found;
}

async function ask(way: Way, path: string, found: Found): Promise<Response> {
  const answer = await askAgain(way, path);
  if (!answer.ok) throw new Error(`Cannot listen: ${way.name} answers ${path} ${answer.status}`);
  found.answers++;
  const status = answer.headers.get("x-cache");
  if (status === null || ASKED_OF_ECHO.includes(status)) found.asked++;
  return answer;
}

/** As players do: nginx ends a connection after so many requests, some of which are under way then. */
async function askAgain(way: Way, path: string): Promise<Response> {
  try {
    return await way.ask(path);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return await way.ask(path);
  }
}

async function lastOf(answer: Response): Promise<string> {
  return parseMediaPlaylist(await answer.text()).segments.at(-1)?.uri ?? "";
}

function figuresOf(name: string, { delaysMs, answers, asked }: Found): Figure[] {
  const sorted = delaysMs.toSorted((a, b) => a - b);
  return [
    { what: `${name}: answers`, value: answers, unit: "" },
    {
      what: "… of which Echo was not asked",
      value: 100 * (1 - asked / answers),
      unit: "%",
      digits: 1,
    },
    { what: "… latency, half of all", value: median(delaysMs), unit: "ms" },
    { what: "… 99 %", value: sorted[Math.floor(0.99 * sorted.length)] ?? NaN, unit: "ms" },
  ];
}
