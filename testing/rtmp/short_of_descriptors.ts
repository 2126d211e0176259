/**
 * Runs a server where few file descriptors are to be had: prints its port, and ends with its stdin.
 */
import { RtmpServer } from "../../src/rtmp/server.ts";
import { systemClock } from "../../src/session/clock.ts";
import { RecordingDoorkeeper } from "../session/recording_doorkeeper.ts";

const server = new RtmpServer({
  addr: { hostname: "127.0.0.1", port: 0 },
  connectionTimeoutMs: 60_000,
  maxConnections: 1000,
  clock: systemClock,
  doorkeeper: new RecordingDoorkeeper(),
});
server.start();
console.log(server.addr.port);
await Deno.stdin.read(new Uint8Array(1));
await server.close();
