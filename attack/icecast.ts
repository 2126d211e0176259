/** What is sent to the port for sources of Icecast that no honest source sends. */
import { accessUnits, CONFIG } from "../bench/access_units.ts";
import { adtsStream } from "../testing/audio/access_units.ts";
import { basic } from "../testing/icecast/dialogue_harness.ts";
import { type Attack, type Outcome, pause, tally } from "./attack.ts";
import type { Target } from "./target.ts";
import { Crowd, TcpClient } from "./tcp_client.ts";

/** What the server is told by `ICECAST_MAX_CONNECTIONS`. */
export const ICECAST_SLOTS = 100;
/** `ICECAST_CONNECTION_TIMEOUT`, and the time until something is published. */
const TIMEOUT_MS = 15_000;
const SLACK_MS = 6000;
const DRIP_MS = 500;

const HEAD = `PUT /NAME HTTP/1.1\r\nHost: a\r\n${basic("source", "any")}`;
const CHUNKED = `${HEAD}Content-Type: audio/aac\r\nTransfer-Encoding: chunked\r\n\r\n`;
const RAW = `${HEAD}Content-Type: audio/mpeg\r\n\r\n`;
const UPDATE = `GET /admin/metadata?mode=updinfo&mount=/NAME&song=`;
const GARBAGE = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(40_000)));

/** More than is searched for audio. */
const TINY = "1\r\nU\r\n".repeat(25_000);

/** 10 000 headers of ADTS that claim the longest frame. */
const LONG_HEADERS = Uint8Array.from(
  { length: 70_000 },
  (_, i) => [0xff, 0xf1, 0x50, 0x83, 0xff, 0xff, 0xfc][i % 7] ?? 0,
);

/** By what is odd of them; each is to be ended by the server. */
const ODD: Readonly<Record<string, string>> = {
  "Ogg by name": `${HEAD}Content-Type: application/ogg\r\n\r\n`,
  "Ogg that is called MP3": `${RAW}OggS\0\x02${"\0".repeat(100)}`,
  "garbage as audio": `${RAW}${GARBAGE}`,
  "garbage as a request": GARBAGE,
  "a head of 1 MB": `${HEAD}X: ${"a".repeat(1_000_000)}\r\n\r\n`,
  "a chunk longer than it says": `${CHUNKED}5\r\n${"a".repeat(50)}\r\n`,
  "a chunk of 64 GB": `${CHUNKED}fffffffff\r\n${"a".repeat(50)}\r\n`,
  "a chunk of no size": `${CHUNKED}zz\r\n`,
  "metadata of 1 MB": `${UPDATE}${"a".repeat(1_000_000)} HTTP/1.0\r\n\r\n`,
  "a name that is none": `${HEAD.replace("NAME", "../../etc")}\r\n`,
  "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n",
};

/** Each is ended, whatever it is. */
export const oddSources: Attack = {
  name: "Icecast: odd requests, Ogg, garbage, chunks that lie",
  run: async (target) => {
    const left: string[] = [];
    const ends: (number | string)[] = [];
    for (const [index, [what, sent]] of Object.entries(ODD).entries()) {
      using client = await TcpClient.connect(target.server.icecastPort);
      client?.send(bytesOf(sent.replace("NAME", `odd-${index}`)));
      await client?.end(5000);
      ends.push(client?.status ?? "closed");
      if (client?.ended !== true) left.push(what);
    }
    const words = left.length === 0 ? "" : `; not ended: ${left.join(", ")}`;
    return withDj(target, "after-odd-sources", left.length === 0, tally(ends) + words);
  },
};

/** The same title in five charsets, by somebody who has the source's credentials, and as nonsense. */
const SONGS = ["%DCber", "%C3%9Cber", "%CF%F0&charset=windows-1251", "%93%FA&charset=Shift_JIS"];
const NONSENSE = ["%E5%65&charset=UTF-16LE", "%00%0d%0aX:%20y", "%zz%", "x&charset=%00"];

/** Titles in whatever bytes cost nobody anything. */
export const oddTitles: Attack = {
  name: "Icecast: titles in five charsets, and in none",
  run: async (target) => {
    const { icecastPort: port } = target.server;
    using source = await publish(port, "titles");
    const statuses: (number | string)[] = [];
    for (const song of [...SONGS, ...NONSENSE]) {
      using client = await TcpClient.connect(port);
      const path = `${UPDATE.replace("NAME", "titles")}${song}`;
      client?.send(`${path} HTTP/1.0\r\n${basic("source", "any")}\r\n`);
      await client?.end(5000);
      statuses.push(client?.status ?? "closed");
    }
    const held = source !== undefined && !source.ended &&
      statuses.every((status) => status === 200);
    return withDj(target, "after-titles", held, tally(statuses));
  },
};

/** 20 sources at once, from addresses of their own, in as many chunks as fit into what is read of each. */
export const tinyChunks: Attack = {
  name: "Icecast: garbage in chunks of a byte",
  run: async (target) => {
    const fromOf = (index: number) => `127.0.4.${index + 1}`;
    using crowd = await Crowd.connect(target.server.icecastPort, 20, { fromOf });
    for (const [index, client] of crowd.clients.entries()) {
      client.send(bytesOf(CHUNKED.replace("NAME", `tiny-${index}`) + TINY));
    }
    await Promise.all(crowd.clients.map((client) => client.end(5000)));
    const counts = `${crowd.ended} of ${crowd.clients.length} ended, ${crowd.refused} refused`;
    return withDj(target, "after-tiny-chunks", crowd.ended === crowd.clients.length, counts);
  },
};

/** 20 sources at once, which send audio first; their garbage is what takes longest to be read. */
export const garbageFlood: Attack = {
  name: "Icecast: flood of garbage behind audio",
  run: async (target) => {
    const fromOf = (index: number) => `127.0.5.${index + 1}`;
    using crowd = await Crowd.connect(target.server.icecastPort, 20, { fromOf });
    for (const [index, client] of crowd.clients.entries()) {
      client.send(bytesOf(RAW.replace("NAME", `flood-${index}`)));
      client.send(adtsStream(CONFIG, accessUnits()));
    }
    for (let i = 0; i < 20; i++) {
      crowd.send(LONG_HEADERS);
      await pause(100);
    }
    await Promise.all(crowd.clients.map((client) => client.end(2 * TIMEOUT_MS + SLACK_MS)));
    const counts = `${crowd.ended} of ${crowd.clients.length} ended, ${crowd.refused} refused`;
    return withDj(target, "after-flood", crowd.ended === crowd.clients.length, counts);
  },
};

/** From one address; another client still gets in. */
export const halfOpenSources: Attack = {
  name: "Icecast: 1000 half-open sources",
  run: async (target) => {
    using crowd = await Crowd.connect(target.server.icecastPort, 1000);
    crowd.send(bytesOf(HEAD.replace("NAME", "half-open")));
    await pause(1000);
    const open = crowd.clients.length - crowd.ended;
    const counts = `${open} of ${crowd.clients.length} are open, ${crowd.refused} refused`;
    return withDj(target, "after-half-open", open <= ICECAST_SLOTS, counts);
  },
};

/** Sources that never come to send audio; from addresses of their own. */
export const slowSources: readonly Attack[] = [
  { name: "Icecast: connected, silent", run: (target) => drip(target, () => "", "") },
  {
    name: "Icecast: a head byte by byte",
    run: (target) => drip(target, (at) => HEAD[at % HEAD.length] ?? "", ""),
  },
  {
    name: "Icecast: a body byte by byte",
    run: (target) => drip(target, () => "\0", RAW),
  },
];

async function drip(
  { server }: Target,
  next: (at: number) => string,
  first: string,
): Promise<Outcome> {
  const fromOf = (index: number) => `127.0.2.${index + 1}`;
  using crowd = await Crowd.connect(server.icecastPort, 20, { fromOf });
  for (const [index, client] of crowd.clients.entries()) {
    client.send(first.replace("NAME", `drip-${index}`));
  }
  const start = performance.now();
  for (let at = 0; performance.now() < start + TIMEOUT_MS + SLACK_MS; at++) {
    if (crowd.ended === crowd.clients.length) break;
    if (next(at) !== "") crowd.send(bytesOf(next(at)));
    await pause(DRIP_MS);
  }
  const left = crowd.clients.length - crowd.ended;
  const seconds = Math.round((performance.now() - start) / 1000);
  return {
    held: left === 0 && crowd.refused === 0,
    counts: `${crowd.ended} ended, ${crowd.refused} refused, ${left} left after ${seconds} s`,
  };
}

/** Adds whether an honest source gets in. */
async function withDj(
  { server }: Target,
  name: string,
  held: boolean,
  counts: string,
): Promise<Outcome> {
  using dj = await publish(server.icecastPort, name);
  const gotIn = dj !== undefined && !dj.ended;
  return { held: held && gotIn, counts: `${counts}; a new DJ ${gotIn ? "got in" : "did not"}` };
}

/** A source with a second of audio. @returns `undefined` where it is not let in */
async function publish(port: number, name: string): Promise<TcpClient | undefined> {
  const client = await TcpClient.connect(port, { from: "127.0.3.1" });
  client?.send(bytesOf(RAW.replace("NAME", name)));
  client?.send(adtsStream(CONFIG, accessUnits()));
  await client?.end(1000);
  if (client?.status === 200) return client;
  client?.[Symbol.dispose]();
  return undefined;
}

/** A byte for each character. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
