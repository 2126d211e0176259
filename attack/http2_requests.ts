/** Requests by HTTP/2 that cost a server more than their client: many at a time, slow, or unread. */
import {
  beginning,
  bodyPart,
  framesIn,
  greedyBeginning,
  overIn,
  request,
  type SentFrame,
  statusesIn,
} from "../testing/http2/http2_client.ts";
import { type Attack, pause, tally, times } from "./attack.ts";
import { STUCK_READER_MS } from "./slow_http.ts";
import type { Target } from "./target.ts";
import { TcpClient } from "./tcp_client.ts";

/** Requests that may be under way on a connection. */
const AT_ONCE = 100;
/** What the server is told by `WEB_MAX_PER_ADDRESS`. */
export const SECURE_WEB_SLOTS = 1000;
const CONNECTIONS = 15;
const SLOW_CONNECTIONS = 60;
const SLACK_MS = 7000;
const BODY_MS = 10_000;
const DRIP_MS = 1000;
/** RFC 9113 6.5.2. */
const INITIAL_WINDOW_SIZE = 0x4;

/** Requests of one address that wait for what comes next, as many as there may be. */
export const waitingRequests: Attack = {
  name: "HTTP/2: requests of one address that wait",
  run: async (target) => {
    const from = ownAddress();
    if (from === undefined) {
      return { held: true, counts: "skipped: there is no address but loopback" };
    }
    const { hls } = target.webPorts;
    const [path, sequence] = await nextReload(target);
    const asked = fieldsFor("GET", `${path}?_HLS_msn=${sequence + 1}`);
    const callers = await times(CONNECTIONS, CONNECTIONS, () => Caller.connect(hls, from));
    for (const caller of callers) {
      caller.send(greedyBeginning());
      for (let i = 0; i < AT_ONCE; i++) caller.send(request(2 * i + 1, { fields: asked }));
    }
    await pause(1000);
    const early = callers.flatMap(({ statuses }) => statuses);
    const [, now] = await nextReload(target);
    const start = performance.now();
    const answer = await fetch(`${honestUrl(target, path)}?_HLS_msn=${now}`);
    await answer.body?.cancel();
    const ms = Math.round(performance.now() - start);
    await pause(5000);
    const all = callers.flatMap(({ statuses }) => statuses);
    for (const caller of callers) caller.close();
    const refused = early.filter((status) => status === "503").length;
    const most = CONNECTIONS * AT_ONCE - SECURE_WEB_SLOTS;
    return {
      held: answer.status === 200 && refused >= most,
      counts: `${CONNECTIONS * AT_ONCE} asked for, ${refused} refused at once; in the end ` +
        `${tally(all)}; another address was answered ${answer.status} after ${ms} ms`,
    };
  },
};

/** Requests that are none, whose answers the client's window keeps out. */
export const unreadErrors: Attack = {
  name: "HTTP/2: errors that nobody takes",
  run: async (target) => {
    const callers = await times(
      SLOW_CONNECTIONS,
      20,
      () => Caller.connect(target.webPorts.control),
    );
    for (const caller of callers) {
      caller.send(beginning([[INITIAL_WINDOW_SIZE, 0]]));
      const fields = fieldsFor("TRACE", "/");
      for (let i = 0; i < AT_ONCE; i++) caller.send(request(2 * i + 1, { fields }));
    }
    return await afterwards(callers, AT_ONCE, STUCK_READER_MS + SLACK_MS);
  },
};

/** A body that goes on for as long as it is waited for. */
export const slowBodies: Attack = {
  name: "HTTP/2: a body byte by byte",
  run: async (target) => {
    const callers = await times(
      SLOW_CONNECTIONS,
      20,
      () => Caller.connect(target.webPorts.control),
    );
    const fields = [
      ...fieldsFor("POST", "/echo/4/publish/slow"),
      ["content-type", "application/json"],
    ] as const;
    const head = request(1, { fields, hasBody: true });
    for (const caller of callers) caller.send(beginning(), head);
    const drip = setInterval(() => {
      for (const caller of callers) caller.send(bodyPart(1, Uint8Array.of(0x20)));
    }, DRIP_MS);
    const outcome = await afterwards(callers, 1, BODY_MS + SLACK_MS);
    clearInterval(drip);
    return outcome;
  },
};

/** Waits until all requests are over, or it is time. */
async function afterwards(callers: readonly Caller[], asked: number, ms: number) {
  const start = performance.now();
  const all = callers.length * asked;
  const over = () => callers.reduce((sum, caller) => sum + Math.min(asked, caller.over), 0);
  while (over() < all && performance.now() < start + ms) await pause(DRIP_MS);
  const seconds = Math.round((performance.now() - start) / 1000);
  const ended = over();
  for (const caller of callers) caller.close();
  return {
    held: ended === all,
    counts: `${callers.length} connections with ${asked} requests each: ${ended} ended, ` +
      `${all - ended} left after ${seconds} s`,
  };
}

/** A client that speaks HTTP/2. */
class Caller {
  readonly #client: TcpClient;
  readonly #bytes: number[] = [];

  private constructor(client: TcpClient) {
    this.#client = client;
    client.onData = (data) => void this.#bytes.push(...data);
  }

  static async connect(port: number, from = "127.0.0.1"): Promise<Caller> {
    const client = await TcpClient.connect(port, { from, protocol: "h2" });
    if (client === undefined) throw new Error(`Cannot connect to ${port} from ${from}`);
    return new Caller(client);
  }

  send(...frames: readonly Uint8Array[]): void {
    for (const bytes of frames) this.#client.send(bytes);
  }

  /** Of the answers that came. */
  get statuses(): string[] {
    return statusesIn(this.#frames);
  }

  /** How many requests the server has ended; all of them where it has ended the connection. */
  get over(): number {
    if (this.#client.ended) return Infinity;
    return overIn(this.#frames).size;
  }

  close(): void {
    this.#client[Symbol.dispose]();
  }

  get #frames(): SentFrame[] {
    return framesIn(Uint8Array.from(this.#bytes));
  }
}

function fieldsFor(method: string, path: string): (readonly [string, string])[] {
  return [
    ...[[":method", method], [":scheme", "https"]] as const,
    ...[[":path", path], [":authority", "localhost"]] as const,
  ];
}

/** The playlist of low latency, and the media sequence number of the segment that is open. */
async function nextReload(target: Target): Promise<[path: string, sequence: number]> {
  const [name = ""] = target.onAir;
  const path = `${target.place}/${name}/low-media.m3u8`;
  const text = await (await fetch(honestUrl(target, path))).text();
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  return [path, first + (text.match(/#EXTINF/g)?.length ?? 0)];
}

/** Honest clients take the port without TLS, which the same threads serve. */
function honestUrl({ server }: Target, path: string): string {
  return new URL(path, server.playlistUrl("any")).href;
}

/** An address of this machine that has a share, as clients from elsewhere do. */
function ownAddress(): string | undefined {
  return Deno.networkInterfaces()
    .find(({ family, address }) => family === "IPv4" && !address.startsWith("127."))?.address;
}
