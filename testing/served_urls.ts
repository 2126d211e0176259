/** Which URLs documents name, and which of them the HTTP servers and the source port answer. */
import type { Hono, MiddlewareHandler } from "hono";
import { lowFeed } from "../src/hls/low_latency/low_names.ts";
import { NO_PREROLL } from "../src/hls/preroll.ts";
import { dashboardRoutes } from "../src/pages/dashboard/routes.ts";
import { refusalPage } from "../src/pages/listener/refusal_page.ts";
import { recordRoutes } from "../src/record/routes.ts";
import { encoderRoutes } from "../src/stat/encoders/routes.ts";
import { fleetStatRoutes } from "../src/stat/fleet/routes.ts";
import { Health } from "../src/stat/health.ts";
import { liveRoutes } from "../src/stat/live/routes.ts";
import { reportRoutes } from "../src/stat/reports/routes.ts";
import { statRoutes } from "../src/stat/routes.ts";
import { systemUsage } from "../src/stat/system_usage.ts";
import { listenerWeb } from "../src/station/listener_web.ts";
import { ListenerEntrance } from "../src/tokens/listener_entrance.ts";
import { setUpApi } from "./control/control_api.ts";
import { FakeClock } from "./fake_clock.ts";
import { originOf, servedStream } from "./hls/served_stream.ts";
import { DialogueHarness } from "./icecast/dialogue_harness.ts";
import { OFF_AIR } from "./pages/listener/broadcasts.ts";
import { House } from "./stat/house.ts";

/** Folders of a machine: what is below them is a file there and no URL. */
const OF_THE_MACHINE = /^\/(?:dev|etc|home|opt|proc|run|srv|sys|tmp|usr|var)\//;

/** What a document names: a path of one of the servers, as it stands there. */
export interface NamedUrl {
  /** Such as `GET`; empty where the document does not say. */
  readonly method: string;
  /** Without a query. Capitals stand for what differs; a slash or `…` at the end for whatever follows. */
  readonly path: string;
}

/** Paths in code (in backquotes), and those of HTTP URLs anywhere in `text`. */
export function urlsIn(text: string): NamedUrl[] {
  const inCode = text.matchAll(/`(?:(GET|POST|PUT|DELETE) )?(\/[^`\s?]*)[^`\s]*`/g);
  const inUrls = text.matchAll(/https?:\/\/(?:HOST|127\.0\.0\.1)(?::\d+)?()(\/[^`\s"?,)]*)/g);
  return [...inCode, ...inUrls]
    .map(([, method = "", path = ""]) => ({ method, path }))
    .filter(({ path }) => !OF_THE_MACHINE.test(path));
}

/** Whether one of the servers has a route for it. */
export async function isServed({ method, path: named }: NamedUrl): Promise<boolean> {
  // What goes by a token is served as what goes without.
  const path = named.replace("/~TOKEN/", "/");
  const beginning = /^(\/.+\/)…?$/.exec(path)?.[1];
  for (const app of SERVERS) {
    for (const route of app.routes) {
      if (route.path.includes("*")) continue;
      if (beginning !== undefined && route.path.startsWith(beginning)) return true;
      const isMethod = method === "" || route.method === "ALL" || route.method === method;
      if (!isMethod || !isMatch(route.path, path)) continue;
      if (route.path !== FILE_ROUTE || await isFileOfShow(app, path)) return true;
    }
  }
  return (method === "" || method === "GET") && isOfSourcePort(path);
}

/** Whether it is a mount, or something else that clients of Icecast ask for. */
function isOfSourcePort(path: string): boolean {
  const harness = new DialogueHarness();
  harness.servesReceivers = /^\/NAME(?:\.(?:mp3|aac|m3u|pls))?$/.test(path);
  harness.feed(`GET ${path} HTTP/1.1\r\n\r\n`);
  return !harness.statuses.includes(404);
}

/** Which files there are the route itself decides. */
const FILE_ROUTE = "/cast/:name/:file";

async function isFileOfShow(app: Hono, path: string): Promise<boolean> {
  const response = await app.request(path.replace("SEQUENCE-UNIXTIME", "1-1700000000"));
  return response.status === 200;
}

/** In documents, values of parameters are in capitals, and a broadcast's name is often `demo`. */
function isMatch(route: string, path: string): boolean {
  const given = path.split("/");
  const pattern = route.split("/");
  return given.length === pattern.length && pattern.every((part, i) => {
    const value = given[i] ?? "";
    if (route === FILE_ROUTE && part === ":file") return value !== "";
    return part.startsWith(":") ? /^(?:[A-Z]+|demo)$/.test(value) : part === value;
  });
}

const SERVERS: readonly Hono[] = [controlServer(), listenersServer(), ...statServer()];

function controlServer(): Hono {
  return setUpApi().app;
}

/** There is something to hear under the names that documents have. */
function listenersServer(): Hono {
  const bytes = new Uint8Array(188);
  const playlist = { text: bytes, etag: '"1"' };
  const stream = () => servedStream({ playlist, masterPlaylist: "", segment: () => bytes });
  const served = { NAME: stream, demo: stream, [lowFeed("NAME")]: stream };
  const origin = originOf(served, () => Promise.resolve(bytes));
  const shows = { status: (name: string) => ({ ...OFF_AIR, name }), current: [] };
  const entrance = new ListenerEntrance({
    ...{ clock: new FakeClock(), path: "cast", others: [], open: "", common: "" },
    ...{ tokens: { known: nothingKnown, verify: nobody }, originSecret: undefined },
    page: refusalPage,
  });
  const nothing = () => Promise.resolve(undefined);
  const rewind = { shows: { find: nothing }, files: { read: nothing } };
  const named = { fileOf: () => "stream.aac", join: nothing };
  const streams = { clock: new FakeClock(), streams: named };
  const more = { rewind, entrance, streams };
  return listenerWeb({ origin, preroll: NO_PREROLL, shows, path: "cast", index: true, ...more });
}

/** Everybody may do everything, and nothing is behind it. */
function statServer(): Hono[] {
  using house = new House();
  const { sessions, statistics } = house;
  const guard: MiddlewareHandler = (_, next) => next();
  const metrics = { contentType: "text/plain", render: () => Promise.resolve("") };
  const audience = { total: 0, streaming: 0, byName: () => [] };
  const health = new Health();
  const granted = () => Promise.resolve("granted" as const);
  const entrance = { check: granted, signIn: granted, signOut: () => {}, guard };
  const clips = { make: nothing };
  const catalogue = {
    ...{ list: () => Promise.resolve([]), open: nothing, urlOf: nothing, remove: nothing, clips },
  };
  const live = { watch: () => new ReadableStream(), details: () => undefined };
  const encoders = {
    clock: house.clock,
    keys: { create: () => ({ token: "", expiresAt: Infinity, sessionEndsAt: Infinity }) },
    auth: "open" as const,
    djs: () => [],
    at: (host: string) => ({ host, rtmpPort: 1935, srtPort: 9000, passphrase: undefined }),
  };
  const fleet = {
    view: { box: "a", boxes: [], boxOf: nothingKnown },
    reporter: { report: nobody },
    links: { request: nobody },
    drain: { start: () => {}, cancel: () => {} },
  };
  const validity = () => new AbortController().signal;
  return [
    statRoutes({ statistics, usage: systemUsage, metrics, audience, health, entrance })
      .route("/stat/1/recordings", recordRoutes({ catalogue, guard })),
    liveRoutes({ live, sessions, guard, validity }),
    reportRoutes({ reporter: { report: () => Promise.resolve([]) }, clock: house.clock, guard }),
    encoderRoutes({ ...encoders, guard }),
    fleetStatRoutes({ ...fleet, guard }),
    dashboardRoutes(entrance),
  ];
}

function nothingKnown(): undefined {
  return undefined;
}

function nobody(): Promise<never> {
  return Promise.reject(new Error("Cannot be: it is only looked which routes there are"));
}

function nothing(): Promise<undefined> {
  return Promise.resolve(undefined);
}
