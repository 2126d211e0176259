/** Readers over TLS that take nothing. Node's TLS would read on by itself, so these are Deno's. */
import { type Attack, pause } from "./attack.ts";
import { aSegment, STUCK_READER_MS } from "./slow_http.ts";

const COUNT = 60;
const ASKED = 400;
const SLACK_MS = 5000;

/** Many answers are asked for over TLS, and none is read. */
export const deafSecureReaders: Attack = {
  name: "HTTPS: readers that take nothing",
  run: async (target) => {
    const { secure } = target;
    if (secure === undefined) throw new Error("Cannot attack: there is no TLS");
    const path = await aSegment(target);
    const request = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const clients = await Promise.all(
      Array.from({ length: COUNT }, () => connect(secure.ports.hls, [secure.root])),
    );
    for (const client of clients) void ask(client, request);
    await pause(STUCK_READER_MS + SLACK_MS);
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
};

async function connect(port: number, caCerts: string[]): Promise<Deno.TlsConn> {
  return await Deno.connectTls({ hostname: "localhost", port, caCerts });
}

async function ask(client: Deno.TlsConn, request: Uint8Array): Promise<void> {
  try {
    for (let i = 0; i < ASKED; i++) {
      for (let at = 0; at < request.length;) at += await client.write(request.subarray(at));
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error; // the server has ended it
  }
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
