/** Each trouble that the dashboard's band tells of, brought about by what causes it in a house. */
import assert from "node:assert/strict";
import { Child } from "../../testing/child.ts";
import { reserve } from "../../testing/e2e/control_request.ts";
import type { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { SecureServer } from "../../testing/e2e/secure_server.ts";
import { sharedPort } from "../../testing/e2e/srt_senders.ts";
import { freePorts } from "../../testing/free_ports.ts";
import { PageVisits, SCREENS } from "../../testing/players/page_visits.ts";
import { RtmpPublisher } from "../../testing/rtmp/rtmp_publisher.ts";
import { SrtRelay } from "../../testing/srt/srt_relay.ts";
import { until } from "../../testing/until.ts";

/** AAC-LC, 48 kHz, stereo (ISO/IEC 14496-3 1.6.2.1), and a frame of it that is silent. */
const CONFIG = Uint8Array.of(0x11, 0x90);
const FRAME = Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c);
const FRAME_MS = 21;

const DISK_MEGABYTES = 64;
const FILLED_MEGABYTES = 47;
/** Where tests may mount one. */
const OF_DISK = [
  /^\d % of the disk for hls is free EchoDiskNearlyFull$/,
  /^Segments are \d+\.\d s late; players may run out of audio EchoSegmentsLate$/,
];

scenario("what goes wrong in a house stands in the band, each with its cause", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", {
    seconds: 10,
    times: 30,
    sampleRate: 48_000,
    layout: "mono",
  });
  await using disk = await SmallDisk.create();
  await using secure = await SecureServer.start({
    env: {
      ...{
        HLS_HOLD: "120",
        HLS_MAX_DELAY: "1",
        HLS_TARGET_DURATION: "2",
        HLS_ROOT_DIR: `${disk.path}/hls`,
      },
      ...{ HOOK_URL: `http://127.0.0.1:${freePorts(1)}/`, HOOK_SECRET: "a-secret" },
    },
  });
  const { echo } = secure;
  await using visits = await PageVisits.start(`http://127.0.0.1:${echo.statPort}`);
  const page = await visits.open("/");
  await page.setViewportSize(SCREENS.desktop);
  await page.evaluate(KEEP_LINES);
  await reserve(`127.0.0.1:${echo.controlPort}`, "expected", { protocol: "srt" });
  await using _mute = await Mute.publish(echo);
  await using gone = new Encoder(clip, echo.rtmpUrl("live/gone"));
  await using stalled = new Encoder(clip, echo.rtmpUrl("live/stalled"));
  await using _garbled = await Garbled.publish(echo);
  await using relay = await SrtRelay.to({ hostname: "127.0.0.1", port: sharedPort(echo) }, {
    loses: ({ message }) => message % 8 === 0,
  });
  await using _lossy = new Encoder(
    clip,
    `srt://127.0.0.1:${relay.address.port}?streamid=publish:lossy`,
  );
  await until("all are on air", async () => {
    const rows = await page.locator("#sessions tbody tr:has-text('on air')").count();
    return rows === 4;
  });
  await secure.write(await secure.authority.issue({ days: 3 }));
  gone.kill("SIGKILL");
  stalled.kill("SIGSTOP");
  await until("one is silent", async () => {
    return /silent/.test(await page.locator("#sessions tr", { hasText: "stalled" }).innerText());
  });
  stalled.kill("SIGCONT");
  await disk.hang();
  await standStill(echo);

  const told = [
    /^The hook server does not take events EchoDegraded$/,
    /^The TLS certificate expires on \d{4}-\d\d-\d\d EchoDegraded$/,
    /^The event loop is \d+\.\d s late; the processor is too busy EchoEventLoopLag$/,
    /^gone has lost its DJ: the connection is gone EchoPaused$/,
    /^expected waits for its audio: no encoder is connected EchoWaiting$/,
    /^mute waits for its audio: 127\.0\.0\.1 is connected and sends no audio EchoWaiting$/,
    /^stalled sends audio of which [\d.]+ % is not heard EchoInputLoss$/,
    /^lossy loses [\d.]+ % for good; try a larger ECHO_SRT_LATENCY EchoSrtLoss$/,
    /^garbled sends what cannot be read EchoInputBad$/,
    ...disk.isMounted ? OF_DISK : [],
  ];
  let lines: string[] = [];
  try {
    await until("the band has told of all", async () => {
      lines = await page.evaluate<string[]>("[...keptLines]");
      return told.every((line) => lines.some((text) => line.test(text)));
    });
  } catch (error) {
    const missing = told.filter((line) => !lines.some((text) => line.test(text)));
    throw new Error(`The band has no ${missing.join(" and no ")}:\n${lines.join("\n")}`, {
      cause: error,
    });
  }
});

/** Keeps each line that the band has, for some are gone soon. */
const KEEP_LINES = `globalThis.keptLines = new Set();
  new MutationObserver(() => {
    for (const { innerText } of document.querySelectorAll("#troubles li")) {
      keptLines.add(innerText.replaceAll(/\\s+/g, " ").trim());
    }
  }).observe(document.querySelector("#troubles"), {
    childList: true, subtree: true, characterData: true,
  });`;

/** The machine has no time for the server. */
async function standStill(echo: EchoServer): Promise<void> {
  echo.kill("SIGSTOP");
  await pause();
  echo.kill("SIGCONT");
}

/** An encoder that is connected and sends nothing. */
class Mute implements AsyncDisposable {
  readonly #publisher: RtmpPublisher;

  private constructor(publisher: RtmpPublisher) {
    this.#publisher = publisher;
  }

  static async publish({ rtmpPort }: EchoServer): Promise<Mute> {
    const options = { hostname: "127.0.0.1", port: rtmpPort, app: "live" };
    const publisher = await RtmpPublisher.connect(options);
    await publisher.publish("mute");
    return new Mute(publisher);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher.vanish();
  }
}

/** An encoder of which one frame in eight is larger than any can be. */
class Garbled implements AsyncDisposable {
  readonly #publisher: RtmpPublisher;
  readonly #stop = new AbortController();
  readonly #sending: Promise<void>;

  private constructor(publisher: RtmpPublisher) {
    this.#publisher = publisher;
    this.#sending = this.#send();
  }

  static async publish({ rtmpPort }: EchoServer): Promise<Garbled> {
    const options = { hostname: "127.0.0.1", port: rtmpPort, app: "live" };
    const publisher = await RtmpPublisher.connect(options);
    await publisher.publish("garbled");
    await publisher.sendConfig(CONFIG);
    return new Garbled(publisher);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#sending;
    await this.#publisher.vanish();
  }

  async #send(): Promise<void> {
    const began = performance.now();
    for (let frame = 0; !this.#stop.signal.aborted; frame++) {
      const data = frame % 8 === 7 ? new Uint8Array(9000) : FRAME;
      await this.#publisher.sendFrame(data, frame * FRAME_MS);
      const aheadMs = frame * FRAME_MS - (performance.now() - began);
      if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    }
  }
}

/** A disk of its own, nearly full, which may hang; an empty folder where mounting is not allowed. */
class SmallDisk implements AsyncDisposable {
  readonly path: string;
  readonly isMounted: boolean;
  readonly #folder: string;

  private constructor(folder: string, isMounted: boolean) {
    this.#folder = folder;
    this.path = `${folder}/mounted`;
    this.isMounted = isMounted;
  }

  static async create(): Promise<SmallDisk> {
    const folder = await Deno.makeTempDir({ prefix: "echo-disk-" });
    const [image, path] = [`${folder}/image`, `${folder}/mounted`];
    await Deno.mkdir(path);
    await Deno.writeFile(image, new Uint8Array(0));
    await Deno.truncate(image, DISK_MEGABYTES << 20);
    const isMounted = await succeeds("mkfs.ext4", "-q", "-F", "-m", "0", image) &&
      await succeeds("mount", "-o", "loop", image, path);
    if (isMounted) await Deno.writeFile(`${path}/filler`, new Uint8Array(FILLED_MEGABYTES << 20));
    return new SmallDisk(folder, isMounted);
  }

  /** For as long as a segment takes to be late. */
  async hang(): Promise<void> {
    if (!this.isMounted) return;
    assert.ok(await succeeds("fsfreeze", "--freeze", this.path));
    await pause();
    assert.ok(await succeeds("fsfreeze", "--unfreeze", this.path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isMounted) assert.ok(await succeeds("umount", this.path));
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function succeeds(command: string, ...args: readonly string[]): Promise<boolean> {
  const path = `${Deno.env.get("PATH")}:/usr/sbin:/sbin`;
  await using child = new Child(command, args, { env: { PATH: path } });
  return (await child.end()).code === 0;
}

/** Far longer than what counts as late. */
async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3000));
}
