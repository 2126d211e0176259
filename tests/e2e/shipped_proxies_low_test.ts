/** Low latency through nginx and Caddy with the files of `deploy/`: nothing in between holds it up. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { ShippedProxy } from "../../testing/e2e/shipped_proxy.ts";
import { LowFollower } from "../../testing/hls_validator/low_follower.ts";
import {
  parseLowPlaylist,
  type SeenLowPlaylist,
} from "../../testing/hls_validator/low_playlist_reader.ts";
import { until } from "../../testing/until.ts";

const FOLDER = "/cast/demo/";
const PLAYLIST = `${FOLDER}low-media.m3u8`;
const CROWD = 40;
/** A busy machine may be late by itself, but not all the time. */
const IN_A_ROW = 3;

scenario(
  "nginx and Caddy hold up nothing in low latency, and have nothing that is old",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 10, times: 18 });
    await using server = await EchoServer.start({ env: { TRUSTED_PROXIES: "127.0.0.1" } });
    await using nginx = await ShippedProxy.start("nginx", server);
    await using caddy = await ShippedProxy.start("caddy", server);
    await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
    const show = new DirectShow(`http://127.0.0.1:${server.hlsPort}`);
    await until("the show is there in low latency", async () => (await show.newest())?.hint);
    await together([nginx, caddy], async (proxy) => {
      await using follower = new LowFollower(`${proxy.origin}${FOLDER}low.m3u8`, proxy.client);
      await until(`${proxy.kind} has segments`, () => follower.segments.size >= 4);
    });
    for (const proxy of [nginx, caddy]) await comesInTime(proxy, show);
  },
);

/** The show as Echo itself has it. */
class DirectShow {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** `undefined` while it is not there. */
  async newest(): Promise<SeenLowPlaylist | undefined> {
    const response = await fetch(this.#origin + PLAYLIST);
    const text = await response.text();
    return response.ok ? parseLowPlaylist(text) : undefined;
  }

  /** The part that comes next. */
  async next(): Promise<Part> {
    const { hint = "" } = await this.newest() ?? {};
    const [, sequence, index] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(hint) ?? assert.fail(hint);
    return { uri: hint, sequence: Number(sequence), index: Number(index) };
  }

  /** Resolves once it is there. */
  async wait(path: string): Promise<void> {
    const response = await fetch(this.#origin + path);
    await response.body?.cancel();
  }
}

interface Part {
  readonly uri: string;
  readonly sequence: number;
  readonly index: number;
}

function waitFor({ sequence, index }: Part): string {
  return `${PLAYLIST}?_HLS_msn=${sequence}&_HLS_part=${index}`;
}

/** What a crowd is answered, in low latency. */
interface Wish {
  readonly what: string;
  readonly path: (part: Part) => string;
  readonly check: (answer: Answer, part: Part, proxy: ShippedProxy) => void;
}

interface Answer {
  readonly bytes: Uint8Array;
  /** Empty where no cache was asked. */
  readonly cache: string;
}

const WISHES: readonly Wish[] = [
  {
    what: "the playlist",
    path: () => PLAYLIST,
    check: ({ cache }) => assert.equal(cache, "", "it is true for less than a cache can count"),
  },
  {
    what: "the version with the next part",
    path: waitFor,
    check: ({ bytes, cache }, { uri }) => {
      assert.match(new TextDecoder().decode(bytes), new RegExp(`EXT-X-PART:.*"${uri}"`));
      assert.equal(cache, "");
    },
  },
  {
    what: "the next part",
    path: ({ uri }) => FOLDER + uri,
    check: ({ bytes }) => assert.equal(new TextDecoder().decode(bytes.subarray(4, 8)), "moof"),
  },
];

/** A crowd that asks for the same has it before the part after the next is there. */
async function comesInTime(proxy: ShippedProxy, show: DirectShow): Promise<void> {
  for (const { what, path, check } of WISHES) {
    let inTime = 0;
    await until(`a crowd has ${what} in time from ${proxy.kind}`, async () => {
      const part = await show.next();
      let isLate = false;
      const after = show.wait(waitFor({ ...part, index: part.index + 1 })).then(() =>
        isLate = true
      );
      const answers = await Promise.all(Array.from({ length: CROWD }, () => {
        return answerOf(proxy, path(part));
      }));
      inTime = isLate ? 0 : inTime + 1;
      for (const answer of answers) check(answer, part, proxy);
      await after;
      if (inTime < IN_A_ROW) return false;
      await stays(proxy, part);
      return true;
    });
  }
}

/** A part never changes, so a cache keeps it. */
async function stays(proxy: ShippedProxy, { uri }: Part): Promise<void> {
  if (proxy.kind !== "nginx") return;
  await answerOf(proxy, FOLDER + uri);
  assert.equal((await answerOf(proxy, FOLDER + uri)).cache, "HIT");
}

async function answerOf(proxy: ShippedProxy, path: string): Promise<Answer> {
  const response = await proxy.request(path);
  assert.equal(response.status, 200, `${proxy.kind}: ${path}`);
  return { bytes: await response.bytes(), cache: response.headers.get("x-cache") ?? "" };
}
