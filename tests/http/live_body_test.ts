/** How endless answers go out that many clients share. */
import assert from "node:assert/strict";
import { LiveBody, type LiveSource } from "../../src/http/live_body.ts";
import { FRAME_TYPES } from "../../src/http/http2/frames.ts";
import { SharedFiles } from "../../testing/http/shared_fixture.ts";
import { HttpFixture } from "../../testing/http/http_fixture.ts";
import { connect2, textOf, withSecureServer } from "../../testing/http/secure_fixture.ts";
import { greedyBeginning, request, type SentFrame } from "../../testing/http2/http2_client.ts";
import { until } from "../../testing/until.ts";

const HEAD = "GET /stream HTTP/1.1\r\nHost: echo\r\n\r\n";

/** Texts that one client is sent, one after the other. */
class Texts implements LiveSource {
  readonly #texts: Uint8Array[] = [];
  #tell = () => {};
  #isOver = false;
  hasLeft = false;

  add(text: string): void {
    this.#texts.push(new TextEncoder().encode(text));
    this.#tell();
  }

  end(): void {
    this.#isOver = true;
    this.#tell();
  }

  /** Bytes that nobody has taken. */
  get left(): number {
    return this.#texts.reduce((sum, { length }) => sum + length, 0);
  }

  next(): Uint8Array | undefined {
    if (this.hasLeft) return undefined;
    return this.#texts[0] ?? (this.#isOver ? undefined : new Uint8Array());
  }

  sent(bytes: number): void {
    const [first] = this.#texts;
    if (first === undefined) return;
    if (bytes < first.length) this.#texts[0] = first.subarray(bytes);
    else this.#texts.shift();
  }

  onMore(tell: () => void): void {
    this.#tell = tell;
  }

  leave(): void {
    this.hasLeft = true;
    this.#tell();
  }
}

/** A server that sends the same source to everybody. */
function serverOf(source: Texts, shared: boolean): HttpFixture {
  const handler = () => new Response(new LiveBody(source), { headers: { "X-A": "b" } });
  return new HttpFixture(shared ? { handler, shared: new SharedFiles({}) } : { handler });
}

for (const shared of [true, false]) {
  const how = shared ? "from its own memory" : "by way of Deno";

  Deno.test(`an endless answer goes out as it comes, without chunks, ${how}`, async () => {
    const source = new Texts();
    await using fixture = serverOf(source, shared);
    const client = await fixture.connect();
    await client.send(HEAD);
    source.add("one");
    assert.match(await client.until(/one/), /\r\nconnection: close\r\n\r\none$/);
    source.add("two");
    source.add("three");
    assert.match(await client.until(/three/), /\r\n\r\nonetwothree$/);
    source.end();
    assert.match(await client.all(), /\r\n\r\nonetwothree$/);
  });

  Deno.test(`who leaves an endless answer is sent nothing more, ${how}`, async () => {
    const source = new Texts();
    await using fixture = serverOf(source, shared);
    const client = await fixture.connect();
    await client.send(HEAD);
    source.add("one");
    await client.until(/one/);
    client[Symbol.dispose]();
    await until("it has left", () => source.hasLeft);
    await until("its connection is gone", () => fixture.counts.count === 0);
  });

  Deno.test(`who reads nothing is cut off when the source lets go of it, ${how}`, async () => {
    const source = new Texts();
    await using fixture = serverOf(source, shared);
    const client = await fixture.connect();
    await client.send(HEAD);
    source.add("one");
    await client.until(/one/);
    const text = "x".repeat(65_536);
    for (let i = 0; i < 400; i++) source.add(text);
    // It waits for nobody, so that the rest is where all have it.
    assert.ok(source.left > 400 * 65_536 / 2);
    source.leave();
    if (shared) await until("its connection is gone", () => fixture.counts.count === 0);
  });
}

Deno.test("a HEAD for an endless answer is answered at once, and the next request is in step", async () => {
  const source = new Texts();
  await using fixture = serverOf(source, true);
  source.add("one");
  const text = await fixture.exchange(
    `HEAD / HTTP/1.1\r\nHost: echo\r\n\r\nHEAD / HTTP/1.1\r\nHost: echo\r\nConnection: close\r\n\r\n`,
  );
  assert.equal(text.match(/^HTTP\/1\.1 200/gm)?.length, 2);
  assert.doesNotMatch(text, /one|content-length/);
});

Deno.test("an endless answer outlasts every deadline", async () => {
  const source = new Texts();
  await using fixture = serverOf(source, true);
  const client = await fixture.connect();
  await client.send(HEAD);
  source.add("one");
  await client.until(/one/);
  for (let minute = 0; minute < 10; minute++) await fixture.clock.advance(60_000);
  source.add("two");
  assert.match(await client.until(/two/), /onetwo$/);
});

Deno.test("an endless answer goes out by HTTP/2 as it comes", async () => {
  const source = new Texts();
  const handler = () => new Response(new LiveBody(source));
  await withSecureServer({ handler }, async (scene) => {
    const { client, send, sent } = await connect2(scene);
    await send(request(1));
    source.add("one");
    const dataOf = (frames: readonly SentFrame[]) =>
      frames.filter(({ type }) => type === FRAME_TYPES.DATA)
        .map(({ payload }) => new TextDecoder().decode(payload)).join("");
    await sent((frames) => dataOf(frames) === "one");
    source.add("two");
    await sent((frames) => dataOf(frames) === "onetwo");
    client[Symbol.dispose]();
    await until("it has left", () => source.hasLeft);
  });
});

for (const protocol of ["http/1.1", "h2"]) {
  Deno.test({
    name:
      `the system holds little of an endless answer for who reads nothing, over TLS by ${protocol}`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const source = new Texts();
      const handler = () => new Response(new LiveBody(source));
      const options = { handler, shared: new SharedFiles({}) };
      await withSecureServer(options, async ({ fixture, authority }) => {
        const client = await fixture.connectTls(authority.root, protocol);
        const asked = protocol === "h2" ? textOf(greedyBeginning()) + textOf(request(1)) : HEAD;
        await client.send(asked);
        source.add("one");
        await client.until(/one/);
        for (let i = 0; i < 200; i++) source.add("x".repeat(65_536));
        const [added, before] = [source.left, { left: NaN, looks: 0 }];
        await until("it takes no more", () => {
          before.looks = source.left === before.left ? before.looks + 1 : 0;
          before.left = source.left;
          return before.looks === 20;
        });
        assert.ok(added - source.left < 1_000_000, `it took ${added - source.left} bytes`);
        source.leave();
      });
    },
  });
}
