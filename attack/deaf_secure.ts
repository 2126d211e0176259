/** Readers over TLS that take nothing. Node's TLS would read on by itself, so these are Deno's. */
import { greedyBeginning, request } from "../testing/http2/http2_client.ts";
import { type Attack, pause } from "./attack.ts";
import { aSegment, STUCK_READER_MS } from "./slow_http.ts";

const COUNT = 60;
const SLACK_MS = 5000;

/** Asked for on a connection: more than the system takes. */
const ASKED = 800;
/** By HTTP/2 no more may be under way at a time. */
const AT_ONCE = 100;
/** By then those are with the system, also where the machine has more to do. */
const BETWEEN_MS = 1000;
/** So long it is asked. */
const ASKING_MS = ASKED / AT_ONCE * BETWEEN_MS;

/** How answers are asked for. */
interface Asking {
  readonly protocol: "http/1.1" | "h2";
  /** What is sent first of all. */
  readonly first: Uint8Array;
  /** What asks for the answer with that number, from 0. */
  readonly ask: (path: string, number: number) => Uint8Array;
}

const ASKINGS: readonly Asking[] = [
  {
    protocol: "http/1.1",
    first: new Uint8Array(),
    ask: (path) => new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  },
  {
    protocol: "h2",
    first: greedyBeginning(),
    ask: (path, number) =>
      request(2 * number + 1, {
        fields: [
          ...[[":method", "GET"], [":scheme", "https"]] as const,
          ...[[":path", path], [":authority", "localhost"]] as const,
        ],
      }),
  },
];

/** Many answers are asked for over TLS, and none is read. */
export const deafSecureReaders: readonly Attack[] = ASKINGS.map((asking) => ({
  name: `HTTPS by ${asking.protocol}: readers that take nothing`,
  run: async (target) => {
    const { secure } = target;
    if (secure === undefined) throw new Error("Cannot attack: there is no TLS");
    const path = await aSegment(target);
    const { protocol } = asking;
    const caCerts = [secure.root];
    const clients = await Promise.all(
      Array.from({ length: COUNT }, () =>
        Deno.connectTls({
          ...{ hostname: "localhost", port: secure.ports.hls, caCerts },
          alpnProtocols: [protocol],
        })),
    );
    for (const client of clients) void askAll(client, asking, path);
    await pause(ASKING_MS + STUCK_READER_MS + SLACK_MS);
    // Who was ended gets what was on its way and then the end; who was not gets the next answers.
    const reading = clients.map(readAll);
    await pause(SLACK_MS);
    for (const client of clients) client.close();
    const read = await Promise.all(reading);
    const ended = read.filter(({ hasEnded }) => hasEnded).length;
    const megabytes = read.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
    return {
      held: ended === COUNT,
      counts: `${COUNT} connections with ${ASKED} requests each: ${ended} ended, ` +
        `${COUNT - ended} left; ${megabytes.toFixed(0)} MB came in the end`,
    };
  },
}));

async function askAll(
  client: Deno.TlsConn,
  { first, ask }: Asking,
  path: string,
): Promise<void> {
  try {
    await writeAll(client, first);
    for (let i = 0; i < ASKED; i++) {
      await writeAll(client, ask(path, i));
      if ((i + 1) % AT_ONCE === 0) await pause(BETWEEN_MS);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error; // the server has ended it
  }
}

async function writeAll(client: Deno.TlsConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await client.write(bytes.subarray(at));
}

async function readAll(client: Deno.TlsConn): Promise<{ bytes: number; hasEnded: boolean }> {
  const buffer = new Uint8Array(65_536);
  let bytes = 0;
  try {
    for (;;) {
      const count = await client.read(buffer);
      if (count === null) return { bytes, hasEnded: true };
      bytes += count;
    }
  } catch (error) {
    const isOurs = error instanceof Deno.errors.Interrupted ||
      error instanceof Deno.errors.BadResource;
    return { bytes, hasEnded: !isOurs };
  }
}
