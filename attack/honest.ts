/**
 * Two honest DJs, one by RTMP and one by SRT, and a listener of both: a program of its own, so that
 * no attacker's work delays it. Its argument is an {@link HonestPlan}; it prints a line of JSON for
 * each thing that it sees, ends on SIGTERM, and says then how much was sent.
 */
import { FRAME_MS, frameNumber } from "../bench/access_units.ts";
import { parseMediaPlaylist } from "../testing/hls_validator/media_playlist.ts";
import { parseAudioSegment } from "../testing/hls_validator/transport_stream.ts";
import { RawHttp } from "../testing/web/raw_http.ts";
import { startDjs } from "./djs.ts";

/** Where to publish and listen. */
export interface HonestPlan {
  readonly rtmpPort: number;
  readonly srtPort: number;
  readonly hlsPort: number;
  /** The path of all broadcasts, such as `/cast`. */
  readonly place: string;
  /** Names, and keys where they are needed. */
  readonly rtmp: { readonly name: string; readonly key: string };
  readonly srt: { readonly name: string; readonly key: string };
}

/** A segment that the listener had. */
export interface HeardSegment {
  readonly kind: "segment";
  readonly name: string;
  /** When it was listed, in milliseconds since the epoch. */
  readonly seenAt: number;
  /** How much later than its last sample was due. */
  readonly lateMs: number;
  /** Frames that are missing or not in their place. */
  readonly lost: number;
  /** Frames of silence that the server put in. */
  readonly silent: number;
}

/** Something that an honest client should not see. */
export interface HonestTrouble {
  readonly kind: "trouble";
  readonly what: string;
}

/** How many frames were sent, and how far the DJs ever were behind their schedule. */
export interface HonestEnd {
  readonly kind: "end";
  readonly sent: number;
  readonly maxLagMs: number;
}

export type HonestSight = HeardSegment | HonestTrouble | HonestEnd;

const POLL_MS = 200;

function say(sight: HonestSight): void {
  console.log(JSON.stringify(sight));
}

/** Follows one broadcast by a connection that is kept, as players do. */
async function listen(
  { hlsPort, place }: HonestPlan,
  name: string,
  over: AbortSignal,
): Promise<void> {
  let http: RawHttp | undefined;
  const heard = new Order(name, place);
  while (!over.aborted) {
    try {
      http ??= await RawHttp.connect(hlsPort);
      await heard.look(http);
    } catch (error) {
      say({ kind: "trouble", what: `${name}: ${error instanceof Error ? error.message : error}` });
      http?.[Symbol.dispose]();
      http = undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  http?.[Symbol.dispose]();
}

/** The segments of one broadcast, in their order, and the numbers of their frames. */
class Order {
  readonly #name: string;
  readonly #folder: string;
  #sequence = -1;
  #frame: number | undefined;

  constructor(name: string, place: string) {
    this.#name = name;
    this.#folder = `${place}/${name}`;
  }

  async look(http: RawHttp): Promise<void> {
    const answer = await http.get(`${this.#folder}/playlist.m3u8`);
    if (answer.status === 404 && this.#sequence < 0) return;
    if (answer.status !== 200) throw new Error(`playlist answered ${answer.status}`);
    const seenAt = Date.now();
    const { segments } = parseMediaPlaylist(new TextDecoder().decode(answer.body));
    for (const { uri, sequence, duration, programDateTime = NaN } of segments) {
      if (sequence <= this.#sequence) continue;
      const missed = this.#sequence < 0 ? 0 : sequence - this.#sequence - 1;
      if (missed > 0) say({ kind: "trouble", what: `${this.#name}: ${missed} segments missed` });
      const { status, body } = await http.get(`${this.#folder}/${uri}`);
      if (status !== 200) throw new Error(`segment answered ${status}`);
      const isFirst = this.#sequence < 0;
      this.#sequence = sequence;
      const lateMs = Math.round(seenAt - programDateTime - 1000 * duration);
      // Those that are listed already when it begins to listen were due before.
      say({
        kind: "segment",
        name: this.#name,
        seenAt,
        lateMs: isFirst ? 0 : lateMs,
        ...this.#count(body),
      });
    }
  }

  #count(bytes: Uint8Array): { lost: number; silent: number } {
    let [lost, silent] = [0, 0];
    for (const { data } of parseAudioSegment(bytes).frames) {
      const number = frameNumber(data);
      if (number === undefined) {
        silent++;
        continue;
      }
      if (this.#frame !== undefined && number !== this.#frame + 1) {
        lost += Math.max(1, number - this.#frame - 1);
      }
      this.#frame = number;
    }
    return { lost, silent };
  }
}

if (import.meta.main) {
  const plan: HonestPlan = JSON.parse(Deno.args[0] ?? "");
  const over = new AbortController();
  Deno.addSignalListener("SIGTERM", () => over.abort());
  const trouble = (what: string) => say({ kind: "trouble", what });
  const djs = await startDjs(plan, FRAME_MS, trouble, over.signal);
  await Promise.all(
    [plan.rtmp, plan.srt].map(({ name }) => listen(plan, name, over.signal)),
  );
  say({ kind: "end", ...await djs.end() });
  Deno.exit(0);
}
