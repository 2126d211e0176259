/** TLS handshakes that are begun and left, as many as there may be. */
import { createServer } from "node:net";
import { RtmpPublisher } from "../testing/rtmp/rtmp_publisher.ts";
import { type Attack, pause } from "./attack.ts";
import type { Target } from "./target.ts";
import { TcpClient } from "./tcp_client.ts";

const FLOOD_MS = 20_000;
/** At a time; each is left once it is answered, or so long after it has begun. */
const CONNECTIONS = 80;
const LEAVE_MS = 100;
/** Honest DJs who come meanwhile, one after the other. */
const DJS = 5;
const IN_TIME_MS = 3000;
/** A server has 100 in a second, and 20 more after a while without any. */
const MOST_PER_SECOND = 110;

/** Handshakes of one address: each costs the server a signature, and the attacker nothing. */
export const handshakes: Attack = {
  name: "RTMPS: TLS handshakes of one address that are left",
  run: async (target) => {
    const hello = await clientHello();
    const until = performance.now() + FLOOD_MS;
    let [begun, answered] = [0, 0];
    const flood = Promise.all(Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < until) {
        const options = { from: "127.0.0.66", isPlain: true };
        using client = await TcpClient.connect(target.rtmpPort, options);
        if (client === undefined) continue;
        begun++;
        client.send(hello);
        for (let waited = 0; waited < LEAVE_MS && client.received === 0 && !client.ended;) {
          await pause(10);
          waited += 10;
        }
        if (client.received > 0) answered++;
      }
    }));
    const waits: number[] = [];
    for (let i = 0; i < DJS; i++) {
      await pause(FLOOD_MS / (DJS + 1));
      waits.push(await secureDj(target, `besides-handshakes-${i}`));
    }
    await flood;
    const perSecond = (count: number) => Math.round(1000 * count / FLOOD_MS);
    return {
      held: waits.every((ms) => ms < IN_TIME_MS) && perSecond(answered) < MOST_PER_SECOND,
      counts: `${perSecond(begun)} connections a second, ${perSecond(answered)} handshakes ` +
        `answered; DJs got in by RTMPS after ${waits.join(", ")} ms`,
    };
  },
};

/** Publishes by RTMPS. @returns after how many milliseconds that was accepted */
async function secureDj({ secure }: Target, name: string): Promise<number> {
  if (secure === undefined) throw new Error("Cannot attack: there is no TLS");
  const start = performance.now();
  const conn = await Deno.connectTls({
    ...{ hostname: "localhost", port: secure.ports.rtmps, caCerts: [secure.root] },
  });
  const dj = await RtmpPublisher.over(conn, { app: "live" });
  await dj.publish(name);
  const ms = Math.round(performance.now() - start);
  await dj.finish();
  return ms;
}

/** What a client of TLS says first. */
async function clientHello(): Promise<Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const server = createServer((socket) => {
    socket.once("data", (data: Uint8Array) => {
      resolve(new Uint8Array(data));
      socket.destroy();
    });
  });
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen");
  const { port } = address;
  const asking = Deno.connectTls({ hostname: "localhost", port });
  // It is left in the middle of it.
  const failing = asking.then((conn) => conn.handshake()).catch(() => {});
  const hello = await promise;
  await failing;
  server.close();
  return hello;
}
