/** Slow and idle connections to each of the HTTP servers. */
import { type Attack, type Outcome, pause } from "./attack.ts";
import type { Target } from "./target.ts";
import { Crowd } from "./tcp_client.ts";

/** Connections of each kind to each port. */
const COUNT = 60;
const DRIP_MS = 1000;
/** What a loaded machine may take on top of a deadline. */
const SLACK_MS = 5000;

const HEAD_MS = 10_000;
const BODY_MS = 10_000;
const IDLE_MS = 75_000;
/** By then a reader that takes nothing is ended. */
export const STUCK_READER_MS = 20_000;

/** By then a receiver is let go: what the systems of both ends hold lasts for half of this. */
const BEHIND_MS = 60_000;

/** How connections of one kind are kept, and by when the server has to end them. */
interface Slowness {
  readonly name: string;
  readonly deadlineMs: number;
  readonly reads?: boolean;
  /** What is sent at first. */
  readonly first: (target: Target) => string;
  /** What is sent each second after that. */
  readonly drip?: string;
}

const KINDS: readonly Slowness[] = [
  { name: "no head at all", deadlineMs: HEAD_MS, first: () => "" },
  {
    name: "a head byte by byte",
    deadlineMs: HEAD_MS,
    first: () => "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
    drip: "x",
  },
  {
    name: "a body byte by byte",
    deadlineMs: BODY_MS,
    first: () =>
      "POST /echo/4/publish/slow HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
      "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
    drip: " ",
  },
  {
    name: "idle after an answer",
    deadlineMs: IDLE_MS,
    first: () => "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  },
];

/** Each kind at each HTTP port. */
export const slowHttp: readonly Attack[] = KINDS.map((kind) => ({
  name: `HTTP: ${kind.name}`,
  run: (target) => keepSlow(target, kind),
}));

async function keepSlow(target: Target, kind: Slowness): Promise<Outcome> {
  const results = await Promise.all(
    Object.entries(target.webPorts).map(async ([door, port]) => {
      using crowd = await Crowd.connect(port, COUNT);
      crowd.send(kind.first(target));
      const start = performance.now();
      const until = start + kind.deadlineMs + SLACK_MS;
      while (performance.now() < until && crowd.ended < crowd.clients.length) {
        await pause(DRIP_MS);
        if (kind.drip !== undefined) crowd.send(kind.drip);
      }
      const { ended, refused } = crowd;
      const left = crowd.clients.length - ended;
      const seconds = Math.round((performance.now() - start) / 1000);
      return { door, left, ended, refused, seconds };
    }),
  );
  const counts = results.map(({ door, left, ended, refused, seconds }) =>
    `${door}: ${ended} ended, ${refused} refused, ${left} left after ${seconds} s`
  );
  return { held: results.every(({ left }) => left === 0), counts: counts.join("; ") };
}

/** Many answers are asked for, and none is read. */
export const deafReaders: Attack = {
  name: "HTTP: readers that take nothing",
  run: async (target) => {
    const path = await aSegment(target);
    using crowd = await Crowd.connect(target.webPorts.hls, COUNT, { reads: false });
    const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    const asked = 400;
    crowd.send(request.repeat(asked));
    await pause(STUCK_READER_MS + SLACK_MS);
    for (const client of crowd.clients) client.read();
    // Who was ended gets what was on its way and then the end; who was not gets the next answers.
    await pause(SLACK_MS);
    const left = crowd.clients.length - crowd.ended;
    const megabytes = crowd.clients.reduce((sum, { received }) => sum + received, 0) / 1e6;
    return {
      held: left === 0,
      counts: `${crowd.clients.length} connections with ${asked} requests each: ` +
        `${crowd.ended} ended, ${left} left; ${megabytes.toFixed(0)} MB came in the end`,
    };
  },
};

/** Endless streams are asked for, and nothing of them is read. */
export const deafReceivers: Attack = {
  name: "HTTP: receivers of endless streams that take nothing",
  run: async (target) => {
    const [name = ""] = target.onAir;
    using crowd = await Crowd.connect(target.webPorts.hls, COUNT, { reads: false });
    crowd.send(`GET /cast/${name}/stream.aac HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    await pause(BEHIND_MS + SLACK_MS);
    for (const client of crowd.clients) client.read();
    // Who was let go gets what was on its way, and then the end.
    await pause(SLACK_MS);
    const left = crowd.clients.length - crowd.ended;
    const kilobytes = Math.max(...crowd.clients.map(({ received }) => received)) / 1000;
    return {
      held: left === 0,
      counts: `${crowd.clients.length} receivers: ${crowd.ended} let go, ${left} left; ` +
        `${kilobytes.toFixed(0)} kB at most were on their way`,
    };
  },
};

/** The path of a segment of a broadcast that is on air. */
export async function aSegment({ server, onAir: [name = ""] }: Target): Promise<string> {
  const text = await (await fetch(server.playlistUrl(name))).text();
  const uri = text.split("\n").findLast((line) => line !== "" && !line.startsWith("#"));
  return `/cast/${name}/${uri}`;
}
