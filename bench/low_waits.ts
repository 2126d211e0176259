/** The benchmark `low-latency-waits`: what requests cost that wait for what is still to come. */
import { setTimeout as pause } from "node:timers/promises";
import { getRequest, HttpClient } from "./http_client.ts";
import { LoadProcess } from "./load_process.ts";
import { newsOf } from "./low_load.ts";
import { type BenchmarkOptions, serverEnv } from "./options.ts";
import { checkOpenFileLimit, residentMemory } from "./process_usage.ts";
import type { Report } from "./report.ts";
import { ServerProcess } from "./server_process.ts";

/** Where more files may be open than usual, more may be asked for than are let wait. */
const REQUESTS = 9500;
/** On one thread. */
const MAX_WAITS = 10_000;
/** Of the server. */
const FILES_EACH = 2;
/** So that they wait for longer than it takes to ask them all. */
const TARGET_SECONDS = 6;
const OTHER_FILES = 500;
/** By then it is on air, and the server takes listeners. */
const ON_AIR_MS = 6000;
const CONNECTING_AT_ONCE = 50;
const LOOK_MS = 100;
/** What was refused is answered, and memory is what it is. */
const SETTLE_MS = 3000;
/** For each that waits. */
const BUDGET_KIB = 16;

/** What memory and answers are with so many requests for a version that is far off. */
export async function lowWaits(options: BenchmarkOptions): Promise<Report> {
  const { numbers: [requests = REQUESTS] } = options;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const env = {
    ECHO_ENABLED: "0",
    WEB_MAX_CONNECTIONS: `${requests + OTHER_FILES}`,
    WEB_MAX_PER_ADDRESS: `${requests + OTHER_FILES}`,
    ...serverEnv({ ...options, threads: 1 }),
    HLS_TARGET_DURATION: `${TARGET_SECONDS}`,
  };
  checkOpenFileLimit(Deno.pid, "the requests", requests + OTHER_FILES);
  const server = await ServerProcess.start({ folder, env, profileFolder: options.profileFolder });
  stack.defer(() => server.abort());
  checkOpenFileLimit(server.pid, "the server", FILES_EACH * requests + OTHER_FILES);
  const { rtmp, hls } = server.ports;
  const show = await LoadProcess.start("rtmp_load.ts", [`${rtmp}`, "1"]);
  stack.defer(() => show.abort());
  await pause(ON_AIR_MS);

  const clients = [await HttpClient.connect(hls)];
  stack.defer(() => clients.forEach((client) => client[Symbol.dispose]()));
  const [first] = clients;
  if (first === undefined) throw new RangeError("Cannot measure without a request");
  await newSegment(first);
  while (clients.length < requests) {
    const count = Math.min(CONNECTING_AT_ONCE, requests - clients.length);
    clients.push(...await Promise.all(Array.from({ length: count }, () => askedOnce(hls))));
  }
  const open = await newSegment(first);
  const idle = residentMemory(server.pid).now;

  const answers = new Map<number, number>();
  const asked = clients.map(async (client) => {
    const { status } = await client.ask(playlistRequest(`?_HLS_msn=${open + 1}`));
    answers.set(status, (answers.get(status) ?? 0) + 1);
  });
  await pause(SETTLE_MS);
  const refused = answers.get(503) ?? 0;
  const waiting = requests - answers.values().reduce((sum, count) => sum + count, 0);
  const whileWaiting = residentMemory(server.pid).now;
  await Promise.all(asked);
  const { peak, now } = residentMemory(server.pid);
  await show.stop();
  await server.stop();
  return {
    title: `low-latency-waits: ${requests} requests for a segment that is still to come, on ` +
      "one HTTP thread",
    figures: [
      { what: "requests that wait", value: waiting, unit: "", budget: MAX_WAITS },
      { what: "… refused at once", value: refused, unit: "" },
      { what: "… answered", value: answers.get(200) ?? 0, unit: "", least: waiting },
      { what: "resident memory, with all connected", value: idle, unit: "MiB" },
      { what: "… while they wait", value: whileWaiting, unit: "MiB" },
      {
        what: "… more for each that waits",
        value: 1024 * (whileWaiting - idle) / waiting,
        unit: "KiB",
        budget: BUDGET_KIB,
        digits: 1,
      },
      {
        what: "… for as many as may wait",
        value: MAX_WAITS * (whileWaiting - idle) / waiting,
        unit: "MiB",
        budget: MAX_WAITS * BUDGET_KIB / 1024,
      },
      { what: "… when they are answered", value: now, unit: "MiB" },
      { what: "… peak", value: peak, unit: "MiB" },
    ],
    notes: server.complaints().slice(0, 1).map((line) => `the server complained, first: ${line}`),
  };
}

/** Waits until a segment begins. @returns its media sequence number */
async function newSegment(client: HttpClient): Promise<number> {
  let before = Infinity;
  for (;;) {
    const { status, body } = await client.ask(playlistRequest(""));
    const open = status === 200 ? newsOf(body)?.hint.sequence : undefined;
    if (open !== undefined && open > before) return open;
    before = open ?? Infinity;
    await pause(LOOK_MS);
  }
}

/** A connection with which nothing new is made for its next request. */
async function askedOnce(port: number): Promise<HttpClient> {
  const client = await HttpClient.connect(port);
  await client.ask(playlistRequest("?_HLS_part=0"));
  return client;
}

function playlistRequest(query: string): Uint8Array {
  return getRequest(`/cast/bench-0/low-media.m3u8${query}`);
}
