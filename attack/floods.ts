/** Much of what is allowed: configuration changes with every frame, publishing and tearing down. */
import { AUDIO_SPECIFIC_CONFIG } from "../bench/access_units.ts";
import { ask, reserve } from "../testing/e2e/control_request.ts";
import { RtmpPublisher } from "../testing/rtmp/rtmp_publisher.ts";
import { type Attack, pause, tally, times } from "./attack.ts";
import type { Target } from "./target.ts";

const FRAMES = 500;
const FRAME_MS = 21;
/** 44.1 kHz instead of 48 kHz (ISO/IEC 14496-3 1.6.2.1). */
const OTHER_CONFIG = Uint8Array.of(0x12, 0x10);
/** Two changes, and what an honest stream of that length makes, with room to spare. */
const MOST_RECORDINGS = 6;
const MOST_SEGMENTS = 30;

/** A publisher whose stream is another one with each frame. */
export const configurationChanges: Attack = {
  name: "floods: a configuration change with every frame",
  run: async (target) => {
    const name = "flapping";
    const key = await target.keyOf(name);
    const port = target.server.rtmpPort;
    const dj = await RtmpPublisher.connect({ hostname: "127.0.0.1", port, app: "live" });
    await dj.publish(key === "" ? name : `${name}?key=${key}`);
    let [sent, isOver] = [0, false];
    void dj.ended().then(() => isOver = true);
    try {
      for (; sent < FRAMES && !isOver; sent++) {
        const timestamp = Math.round(sent * FRAME_MS);
        await dj.sendConfig(sent % 2 === 0 ? AUDIO_SPECIFIC_CONFIG : OTHER_CONFIG, timestamp);
        await dj.sendFrame(Uint8Array.of(0x21, 0x10, 4, 0x60, 0x8c, 0x1c), timestamp);
        await pause(FRAME_MS);
      }
    } catch (error) {
      if (
        !(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)
      ) {
        throw error;
      }
    }
    await dj.vanish();
    await pause(3000);
    const { output } = target;
    const recordings = await count(`${output}/record`, (file) => file.startsWith(name));
    const segments = await count(`${output}/hls/${name}`, (file) => file.endsWith(".ts"));
    return {
      held: recordings <= MOST_RECORDINGS && segments <= MOST_SEGMENTS,
      counts: `${sent} changes${isOver ? ", then ended by the server" : ""}: ` +
        `${recordings} recordings, ${segments} segments`,
    };
  },
};

async function count(folder: string, isMeant: (file: string) => boolean): Promise<number> {
  let files = 0;
  try {
    for await (const { name } of Deno.readDir(folder)) if (isMeant(name)) files++;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files;
}

/** Two a second of what is sent, with room to spare. */
const MOST_TITLES = 25;

/** A publisher and a client that tell another title with each frame. */
export const titles: Attack = {
  name: "floods: titles with every frame",
  run: async (target) => {
    const before = await titlesTold(target);
    const { key, cookie } = await reserve(target.control, "titled", {
      protocol: "rtmp",
      authorization: target.authorization,
    });
    const port = target.server.rtmpPort;
    const dj = await RtmpPublisher.connect({ hostname: "127.0.0.1", port, app: "live" });
    await dj.publish(`titled?key=${key}`);
    await dj.sendConfig(AUDIO_SPECIFIC_CONFIG);
    const answers: Promise<string>[] = [];
    for (let i = 0; i < FRAMES; i++) {
      for (let j = 0; j < 10; j++) {
        await dj.send(dj.messages.metadata({ title: `${i}.${j}`.repeat(1000), artist: '"\r\n' }));
      }
      answers.push(titleBy(target, { title: `"${i}\n` }, cookie));
      await dj.sendFrame(Uint8Array.of(0x21, 0x10, 4, 0x60, 0x8c, 0x1c), i * FRAME_MS);
      await pause(FRAME_MS);
    }
    await dj.vanish();
    const told = await titlesTold(target) - before;
    const statuses = await Promise.all(answers);
    return {
      held: told > 0 && told <= MOST_TITLES && statuses.every((status) => status === "200"),
      counts: `${11 * FRAMES} titles: ${told} told; ${tally(statuses)}`,
    };
  },
};

/** Tells a title by the control API. @returns the status */
async function titleBy(
  { control }: Target,
  body: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  return `${(await ask(control, { method: "PUT", path: "metadata", body, headers })).status}`;
}

/** How many titles of all broadcasts were told, from the start. */
async function titlesTold(target: Target): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${target.webPorts.stat}/metrics`)).text();
  return Number(/^echo_session_events_total\{event="metadata"\} (\d+)/m.exec(text)?.[1] ?? NaN);
}

const ROUNDS = 1000;

/** Sessions that are opened and ended by the control API, one after another. */
export const teardownRounds: Attack = {
  name: `floods: ${ROUNDS} rounds of publish and teardown`,
  run: async (target) => {
    const { pid } = target.server;
    const before = threadsOf(pid);
    const results = await times(ROUNDS, 4, (i) => round(target, `round-${i}`));
    const left = await sessionsNamed(target, "round-");
    const most = threadsOf(pid);
    // libsrt ends the threads of a closed port later, and holds up others meanwhile.
    for (let i = 0; i < 60 && threadsOf(pid) > before + 10; i++) await pause(500);
    return {
      held: results.every((status) => status === "200") && left === 0,
      counts: `${tally(results)}; ${left} sessions left; ` +
        `threads: ${before} before, ${most} then, ${threadsOf(pid)} in the end`,
    };
  },
};

function threadsOf(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].length;
}

async function round({ control, authorization }: Target, name: string): Promise<string> {
  const headers = {
    "Content-Type": "application/json",
    ...(authorization === "" ? {} : { Authorization: authorization }),
  };
  const publish = await fetch(`http://${control}/echo/4/publish/${name}`, {
    method: "POST",
    headers,
    body: JSON.stringify({
      media: { type: "audio", protocol: "srt", format: "aac" },
      reason: { code: 0, message: "begin" },
    }),
  });
  await publish.body?.cancel();
  if (publish.status !== 200) return `publish ${publish.status}`;
  const Cookie = publish.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const { status } = await ask(control, {
    method: "PUT",
    path: "teardown",
    body: { reason: { code: 0, message: "end" } },
    headers: { Cookie },
  });
  return status === 200 ? "200" : `teardown ${status}`;
}

async function sessionsNamed(target: Target, prefix: string): Promise<number> {
  const url = `http://127.0.0.1:${target.webPorts.stat}/stat/1/sessions`;
  const text = await (await fetch(url, { headers: target.operator })).text();
  return text.split(`"${prefix}`).length - 1;
}
