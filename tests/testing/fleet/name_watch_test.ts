/** A watch over boxes finds what a listener would stumble over, and nothing else. */
import assert from "node:assert/strict";
import { NameWatch } from "../../../testing/fleet/name_watch.ts";
import { until } from "../../../testing/until.ts";

const T0 = Date.UTC(2026, 0, 1);

interface Written {
  readonly first: number;
  readonly count: number;
  /** Of the name of a segment. */
  readonly maker?: string;
  /** Milliseconds by which all times are later. */
  readonly later?: number;
  readonly ended?: boolean;
}

Deno.test("boxes that have the same are in order", async () => {
  const breaches = await breachesOf([{ first: 1, count: 4 }, { first: 2, count: 4 }], {});
  assert.equal(breaches, "");
});

Deno.test("what goes back is found", async () => {
  const versions = [{ first: 5, count: 4 }, { first: 4, count: 4 }];
  const breaches = await breachesOf(versions, {});
  assert.match(breaches, /EXT-X-MEDIA-SEQUENCE goes back from 5 to 4/);
  assert.match(breaches, /the last segment was 8 and is 7/);
  assert.match(
    await breachesOf([{ first: 5, count: 4 }, { first: 9, count: 1, later: -2000 }], {}),
    /EXT-X-PROGRAM-DATE-TIME goes back by 1000 ms/,
  );
});

Deno.test("an end that nobody made is found", async () => {
  assert.match(await breachesOf([{ first: 5, count: 4, ended: true }], {}), /EXT-X-ENDLIST/);
});

Deno.test("a segment that is another one at another box is found", async () => {
  assert.match(
    await breachesOf([{ first: 5, count: 4 }], { other: { first: 5, count: 4, later: 500 } }),
    /elsewhere 5 is/,
  );
  assert.match(
    await breachesOf([{ first: 5, count: 4 }], { otherBytes: true }),
    /has other bytes than elsewhere/,
  );
});

Deno.test("a segment that is listed and not there is missing", async () => {
  await using boxes = new Boxes();
  boxes.version = { first: 5, count: 2 };
  boxes.missing = "6-17-ae1.ts";
  await using watch = new NameWatch("demo", boxes.urls);
  await until("it was asked for", () => watch.missing.length === 2);
  assert.deepEqual(watch.missing.sort(), ["a: 6-17-ae1.ts", "b: 6-17-ae1.ts"]);
});

interface Differences {
  /** What the second box has instead. */
  readonly other?: Written;
  readonly otherBytes?: boolean;
}

/** What is said where boxes show these versions, one after the other. */
async function breachesOf(
  versions: readonly Written[],
  { other, otherBytes = false }: Differences,
): Promise<string> {
  await using boxes = new Boxes();
  boxes.other = other;
  boxes.otherBytes = otherBytes;
  const watch = new NameWatch("demo", boxes.urls);
  for (const version of versions) {
    boxes.version = version;
    const asked = boxes.asked;
    await until("both boxes were asked", () => boxes.asked >= asked + 6);
  }
  try {
    await watch[Symbol.asyncDispose]();
    return "";
  } catch (error) {
    return String(error);
  }
}

/** Two boxes that say what they are told. */
class Boxes implements AsyncDisposable {
  version: Written = { first: 1, count: 1 };
  /** What the second one says instead. */
  other: Written | undefined;
  otherBytes = false;
  missing = "";
  /** How often a playlist was asked for. */
  asked = 0;
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#answer(new URL(request.url).pathname.split("/")),
  );

  get urls(): ReadonlyMap<string, string> {
    const { port } = this.#server.addr;
    return new Map(["a", "b"].map((id) => [id, `http://127.0.0.1:${port}/${id}/playlist.m3u8`]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #answer([, box = "", file = ""]: readonly string[]): Response {
    if (file === "playlist.m3u8") {
      this.asked++;
      return new Response(write(box === "b" ? this.other ?? this.version : this.version));
    }
    if (file === this.missing) return new Response(null, { status: 404 });
    return new Response(box === "b" && this.otherBytes ? `${file}!` : file);
  }
}

function write({ first, count, maker = "ae1", later = 0, ended = false }: Written): string {
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:3",
    "#EXT-X-TARGETDURATION:1",
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    "#EXT-X-DISCONTINUITY-SEQUENCE:0",
    ...numbers.flatMap((number) => [
      `#EXT-X-PROGRAM-DATE-TIME:${new Date(T0 + number * 1000 + later).toISOString()}`,
      "#EXTINF:1.000000,",
      `${number}-17-${maker}.ts`,
    ]),
    ...ended ? ["#EXT-X-ENDLIST"] : [],
    "",
  ].join("\n");
}
