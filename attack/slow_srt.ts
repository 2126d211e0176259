/** Half handshakes, silence and noise at the SRT port. */
import { createSocket, type Socket } from "node:dgram";
import { SrtError } from "../ffi/srt.ts";
import { type SrtCaller, SrtCallers } from "../testing/srt/srt_callers.ts";
import { type Attack, pause } from "./attack.ts";

const INDUCTIONS = 3000;
const SOCKETS = 60;
const SILENT = 20;
/** What the server is told by `ECHO_SRT_READ_TIMEOUT`. */
export const SRT_TIMEOUT_SECONDS = 10;
const SLACK_MS = 6000;

/** The first half of a handshake, by the thousand. */
export const inductionsOnly: Attack = {
  name: "SRT: induction only",
  run: async (target) => {
    const sent = await flood(target.srtPort, INDUCTIONS, (i) => induction(i + 1));
    const caller = await newCaller(target.srtPort, await streamIdOf(target, "after-induction"));
    return {
      held: sent.answered > 0 && caller,
      counts: `${INDUCTIONS} sent, ${sent.answered} answered; a new DJ ` +
        (caller ? "got in" : "was kept out"),
    };
  },
};

/** Datagrams that are no SRT. */
export const srtNoise: Attack = {
  name: "SRT: random datagrams",
  run: async (target) => {
    const sent = await flood(target.srtPort, INDUCTIONS, (i) => {
      return crypto.getRandomValues(new Uint8Array(16 + i % 1400));
    });
    const caller = await newCaller(target.srtPort, await streamIdOf(target, "after-noise"));
    return {
      held: caller,
      counts: `${INDUCTIONS} sent, ${sent.answered} answered; a new DJ ` +
        (caller ? "got in" : "was kept out"),
    };
  },
};

/** Connections that are let in and send nothing. */
export const silentSrt: Attack = {
  name: "SRT: connected, silent",
  run: async (target) => {
    const callers = new SrtCallers();
    try {
      const address = { hostname: "127.0.0.1", port: target.srtPort };
      const all: SrtCaller[] = [];
      for (let i = 0; i < SILENT; i++) {
        const streamId = await streamIdOf(target, `silent-${i}`);
        all.push(callers.call(address, { streamId }));
      }
      const until = performance.now() + 1000 * SRT_TIMEOUT_SECONDS + SLACK_MS;
      const left = () => all.filter(({ end }) => end === undefined).length;
      while (left() > 0 && performance.now() < until) await pause(100);
      const up = all.filter((caller) => caller.up).length;
      return {
        held: left() === 0,
        counts: `${up} connected, ${all.length - left()} ended, ${left()} left`,
      };
    } finally {
      callers.close();
    }
  },
};

async function streamIdOf(target: { keyOf(name: string): Promise<string> }, name: string) {
  const key = await target.keyOf(name);
  return key === "" ? `publish:${name}` : `publish:${name}::${key}`;
}

/** Whether an encoder is let in. */
async function newCaller(port: number, streamId: string): Promise<boolean> {
  const callers = new SrtCallers();
  try {
    const caller = await callers.connect({ hostname: "127.0.0.1", port }, { streamId });
    await pause(500);
    return caller.end === undefined;
  } catch (error) {
    if (error instanceof SrtError) return false;
    throw error;
  } finally {
    callers.close();
  }
}

/** Sends `count` datagrams from many ports; tells how many came back. */
async function flood(
  port: number,
  count: number,
  make: (index: number) => Uint8Array,
): Promise<{ answered: number }> {
  let answered = 0;
  const sockets: Socket[] = [];
  for (let i = 0; i < SOCKETS; i++) {
    const socket = createSocket("udp4");
    socket.on("message", () => answered++);
    await new Promise<void>((resolve) => socket.bind(0, `127.0.2.${i % 200 + 1}`, resolve));
    sockets.push(socket);
  }
  for (let i = 0; i < count; i++) {
    sockets[i % SOCKETS]?.send(make(i), port, "127.0.0.1");
    if (i % 100 === 99) await pause(20);
  }
  await pause(1000);
  for (const socket of sockets) socket.close();
  return { answered };
}

/** An induction handshake (draft-sharabayko-srt-01 3.2.1, 4.3.1.1) of the socket `id`. */
function induction(id: number): Uint8Array {
  const packet = new DataView(new ArrayBuffer(64));
  packet.setUint32(0, 0x8000_0000); // control, type 0
  const fields = [4, 2, 0, 1500, 8192, 1, id, 0]; // version … cookie
  for (const [index, value] of fields.entries()) packet.setUint32(16 + 4 * index, value);
  packet.setUint32(48, 0x0100_007f);
  return new Uint8Array(packet.buffer);
}
