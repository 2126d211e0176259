/** Answers that are prepared, by HTTP/2: sent to many, and waited for. */
import assert from "node:assert/strict";
import type { ConnectionInfo } from "../../src/http/http_site.ts";
import type { SharedContents } from "../../src/http/prepared_answers.ts";
import { fieldText } from "../../src/http/request_head.ts";
import { FLAGS, frame, FRAME_TYPES, numbers } from "../../src/http/http2/frames.ts";
import { fieldsOf, GET_FIELDS, request, type SentFrame } from "../../testing/http2/http2_client.ts";
import { bytesOf } from "../../testing/http/read_requests.ts";
import { connect2, textOf, withSecureServer } from "../../testing/http/secure_fixture.ts";
import { until } from "../../testing/until.ts";

Deno.test("what is prepared is sent by HTTP/2 too, as long as it is the same", async () => {
  let contents = { text: "one" };
  let asked = 0;
  const told: string[] = [];
  const handler = () => {
    asked++;
    const { text } = contents;
    return new Response(text, { headers: { "Content-Length": `${text.length}`, "ETag": text } });
  };
  const shared = {
    find: () => contents,
    bodyOf: (found: object) => bytesOf("text" in found ? `${found.text}` : ""),
    observerOf: () => (_: string, agent: string) => void told.push(agent),
    selecting: new Set(["range"]),
  };
  await withSecureServer({ handler, shared }, async (scene) => {
    const { client, sent } = await connect2(scene);
    const answers: string[] = [];
    const ask = async (id: number) => {
      const fields = [...GET_FIELDS, ["user-agent", `agent ${id}`]] as const;
      await client.send(textOf(request(id, { fields })));
      const own = (await sent((frames) =>
        frames.some(({ streamId, type, flags }) =>
          streamId === id && type === 0 && flags === 1
        )
      )).filter(({ streamId }) => streamId === id);
      const [head, data] = own;
      assert.ok(head && data);
      const tag = fieldsOf(head).find(([name]) => name === "etag")?.[1];
      assert.deepEqual(fieldsOf(head)[0], [":status", "200"]);
      assert.ok(fieldsOf(head).some(([name]) => name === "date"));
      answers.push(`${tag} ${textOf(data.payload)}`);
    };
    for (const id of [1, 3, 5, 7]) await ask(id);
    contents = { text: "another" };
    for (const id of [9, 11]) await ask(id);
    assert.deepEqual(answers, [...Array(4).fill("one one"), ...Array(2).fill("another another")]);
    assert.equal(asked, 4);
    assert.deepEqual(told, ["agent 5", "agent 7"]);
  });
});

/** Contents at `/next` that are to come, and who has asked for them. */
class Coming {
  readonly asked: { readonly path: string; readonly hasWaited: boolean | undefined }[] = [];
  readonly signals: AbortSignal[] = [];
  prepared = 0;
  readonly #there = Promise.withResolvers<void>();
  readonly #contents = { text: "at last" };
  #isThere = false;

  readonly shared: SharedContents = {
    find: (target) => this.#isThere && target === "/next" ? this.#contents : undefined,
    coming: (target, { signal }) => {
      if (this.#isThere || target !== "/next") return undefined;
      this.signals.push(signal());
      return this.#there.promise;
    },
    bodyOf: () => bytesOf(this.#contents.text),
    observerOf: () => () => void this.prepared++,
    selecting: new Set(),
  };

  readonly handler = (request: Request, { hasWaited }: ConnectionInfo): Response => {
    this.asked.push({ path: new URL(request.url).pathname, hasWaited });
    const { text } = this.#contents;
    return new Response(text, { headers: { "Content-Length": `${text.length}` } });
  };

  arrive(): void {
    this.#isThere = true;
    this.#there.resolve();
  }
}

const NEXT = GET_FIELDS.map(([name, value]) => [name, name === ":path" ? "/next" : value] as const);

function bodiesIn(frames: readonly SentFrame[]): string[] {
  return frames
    .filter(({ type }) => type === FRAME_TYPES.DATA)
    .map(({ payload }) => textOf(payload));
}

Deno.test("what is prepared is for those alone who have the right, by HTTP/2 too", async () => {
  const contents = { text: "for some" };
  const mayHear = (path: string, key: string) => path.startsWith("/~good/") && key === "secret";
  let prepared = 0;
  const handler = (request: Request) => {
    const { pathname } = new URL(request.url);
    const isLetIn = mayHear(pathname, request.headers.get("x-key") ?? "");
    const { text } = contents;
    if (!isLetIn) return new Response("no", { status: 403 });
    return new Response(text, { headers: { "Content-Length": `${text.length}` } });
  };
  const shared: SharedContents = {
    find: (target) => target.startsWith("/~good/") ? contents : undefined,
    bodyOf: () => bytesOf(contents.text),
    observerOf: () => () => void prepared++,
    admits: (head) => fieldText(head, "x-key") === "secret",
    selecting: new Set(),
  };
  await withSecureServer({ handler, shared }, async (scene) => {
    const { send, sent } = await connect2(scene);
    let id = -1;
    const statusOf = async (path: string, key: string) => {
      id += 2;
      const fields = GET_FIELDS.map(([name, value]) =>
        [name, name === ":path" ? path : value] as const
      );
      await send(request(id, { fields: [...fields, ["x-key", key]] }));
      const frames = await sent((frames) =>
        frames.some(({ streamId, flags }) => streamId === id && (flags & FLAGS.END_STREAM) !== 0)
      );
      const head = frames.find(({ streamId, type }) =>
        streamId === id && type === FRAME_TYPES.HEADERS
      );
      return head && fieldsOf(head)[0]?.[1];
    };
    for (let i = 0; i < 4; i++) assert.equal(await statusOf("/~good/a", "secret"), "200");
    assert.equal(prepared, 2);
    assert.equal(await statusOf("/~good/a", "another"), "403");
    assert.equal(await statusOf("/~bad/a", "secret"), "403");
    assert.equal(prepared, 2);
  });
});

Deno.test("by HTTP/2 many wait for what is to come, and the handler answers two of them", async () => {
  const coming = new Coming();
  const { handler, shared } = coming;
  await withSecureServer({ handler, shared }, async (scene) => {
    const { send, sent } = await connect2(scene);
    await send(request(1));
    await sent((frames) => bodiesIn(frames).length === 1);
    const ids = Array.from({ length: 20 }, (_, i) => 3 + 2 * i);
    await send(...ids.map((id) => request(id, { fields: NEXT })));
    await until("all wait", () => coming.signals.length === ids.length);
    assert.deepEqual(coming.asked.map(({ path }) => path), ["/a"]);
    coming.arrive();
    const frames = await sent((frames) => bodiesIn(frames).length === 1 + ids.length);
    assert.deepEqual(new Set(bodiesIn(frames)), new Set(["at last"]));
    const byHandler = coming.asked.filter(({ path }) => path === "/next");
    assert.deepEqual(byHandler.map(({ hasWaited }) => hasWaited), [true, true]);
    assert.equal(coming.prepared, ids.length - 2);
  });
});

Deno.test("who takes back a request by HTTP/2 that waits is waited for no longer", async () => {
  const coming = new Coming();
  const { handler, shared } = coming;
  await withSecureServer({ handler, shared }, async (scene) => {
    const { client, send, sent } = await connect2(scene);
    await send(request(1));
    await sent((frames) => bodiesIn(frames).length === 1);
    await send(request(3, { fields: NEXT }), request(5, { fields: NEXT }));
    await until("both wait", () => coming.signals.length === 2);
    await send(frame("RST_STREAM", 0, 3, numbers(8)));
    await until("one is taken back", () => coming.signals[0]?.aborted === true);
    assert.equal(coming.signals[1]?.aborted, false);
    client[Symbol.dispose]();
    await until("both are", () => coming.signals[1]?.aborted === true);
    coming.arrive();
    await until("the connection is gone", () => scene.fixture.counts.count === 0);
  });
});

Deno.test("a client that takes nothing has few answers made for it, and the others when it does", async () => {
  const body = new Uint8Array(10_000);
  let asked = 0;
  const handler = () => {
    asked++;
    return new Response(body, { headers: { "Content-Length": `${body.length}` } });
  };
  await withSecureServer({ handler }, async (scene) => {
    // Its windows let six answers be sent, and a part of another.
    const { send, sent } = await connect2(scene);
    const ids = Array.from({ length: 40 }, (_, i) => 1 + 2 * i);
    await send(...ids.map((id) => request(id)), frame("PING", 0, 0, new Uint8Array(8)));
    await sent((frames) => frames.some(({ type }) => type === FRAME_TYPES.PING));
    await sent((frames) => bodiesIn(frames).join("").length > 6 * body.length);
    assert.ok(asked <= 6 + 16 + 1, `${asked} were made`);
    await send(frame("WINDOW_UPDATE", 0, 0, numbers(ids.length * body.length)));
    const frames = await sent((frames) =>
      bodiesIn(frames).join("").length === ids.length * body.length
    );
    assert.equal(frames.filter(({ type }) => type === FRAME_TYPES.HEADERS).length, ids.length);
  });
});

Deno.test("answers of no known length go on beside many others", async () => {
  const closing: (() => void)[] = [];
  const handler = (request: Request) => {
    if (new URL(request.url).pathname !== "/a") return new Response("here");
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(bytesOf("event"));
        closing.push(() => controller.close());
      },
    });
    return new Response(body);
  };
  await withSecureServer({ handler }, async (scene) => {
    const { send, sent } = await connect2(scene);
    const ids = Array.from({ length: 20 }, (_, i) => 1 + 2 * i);
    await send(...ids.map((id) => request(id)), request(101, { fields: NEXT }));
    const frames = await sent((frames) => bodiesIn(frames).join("").includes("here"));
    assert.equal(bodiesIn(frames).filter((body) => body === "event").length, ids.length);
    for (const close of closing) close();
  });
});
