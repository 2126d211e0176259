/** The HTTP server over TLS: the same rules and deadlines, by HTTP/1.1 and HTTP/2. */
import assert from "node:assert/strict";
import { FLAGS, frame, FRAME_TYPES, numbers } from "../../src/http/http2/frames.ts";
import {
  beginning,
  fieldsOf,
  framesIn,
  GET_FIELDS,
  greedyBeginning,
  request,
  type SentFrame,
} from "../../testing/http2/http2_client.ts";
import { statusesOf } from "../../testing/http/http_fixture.ts";
import { bytesOf } from "../../testing/http/read_requests.ts";
import { connect2, textOf, withSecureServer } from "../../testing/http/secure_fixture.ts";
import { until } from "../../testing/until.ts";

const HEAD_MS = 10_000;
const IDLE_MS = 75_000;
const READER_MS = 20_000;
const BODY_MS = 10_000;
/** Deadlines are looked at once a second. */
const LATE_MS = 2000;
/** RFC 9113 6.5.2. */
const INITIAL_WINDOW_SIZE = 0x4;

Deno.test("HTTP/1.1 over TLS is answered as without, and knows that it is HTTPS", async () => {
  await withSecureServer({}, async ({ fixture, authority }) => {
    const client = await fixture.connectTls(authority.root, "http/1.1");
    await client.send("GET /1 HTTP/1.1\r\nHost: echo\r\n\r\n");
    await client.send("GET https://echo/2 HTTP/1.1\r\nHost: echo\r\n\r\n");
    await client.send("GET http://echo/3 HTTP/1.1\r\nHost: echo\r\n\r\n");
    const text = await client.all();
    assert.deepEqual(statusesOf(text), [200, 200, 400]);
    assert.match(text, /GET https:\/\/echo\/1 \n/);
  });
});

Deno.test("HTTP/2 is answered, with bodies both ways and several requests at a time", async () => {
  await withSecureServer({}, async (scene) => {
    const { client, sent } = await connect2(scene);
    const post = [[":method", "POST"], ...GET_FIELDS.slice(1)] as const;
    await client.send(textOf(request(1)) + textOf(request(3, { fields: post, hasBody: true })));
    await client.send(textOf(frame("DATA", FLAGS.END_STREAM, 3, bytesOf("hello"))));
    const frames = await sent((frames) =>
      frames.filter(({ type, flags }) => type === 0 && (flags & 1) === 1).length === 2
    );
    const bodyOf = (id: number) =>
      textOf(Uint8Array.from(
        frames.filter(({ type, streamId }) => type === 0 && streamId === id)
          .flatMap(({ payload }) => [...payload]),
      ));
    assert.equal(bodyOf(1), "GET https://echo/a \n");
    assert.equal(bodyOf(3), "POST https://echo/a hello\n");
    const heads = frames.filter(({ type }) => type === FRAME_TYPES.HEADERS).map(fieldsOf);
    for (const head of heads) {
      assert.deepEqual(head[0], [":status", "200"]);
      assert.ok(head.some(([name]) => name === "date"));
    }
  });
});

for (
  const [what, change, status] of [
    ["no path", { ":path": undefined }, "400"],
    ["a method that is none", { ":method": "get" }, "400"],
    ["CONNECT", { ":method": "CONNECT" }, "501"],
    ["TRACE", { ":method": "TRACE" }, "501"],
    ["a field of HTTP/1", { "connection": "close" }, "400"],
    ["a capital letter", { "X-A": "b" }, "400"],
    ["a line break", { "x-a": "b\r\nc: d" }, "400"],
    ["two hosts", { "host": "other" }, "400"],
    ["a host with a path", { ":authority": "echo/a" }, "400"],
    ["another's pseudo-field", { ":status": "200" }, "400"],
    ["a body that is shorter than told", { "content-length": "3" }, "200"],
  ] as const satisfies readonly (readonly [string, Record<string, string | undefined>, string])[]
) {
  Deno.test(`by HTTP/2, ${what} is answered with ${status}`, async () => {
    await withSecureServer({}, async (scene) => {
      const { client, sent } = await connect2(scene);
      const changes: Readonly<Record<string, string | undefined>> = change;
      const kept = GET_FIELDS.filter(([name]) => !(name in changes));
      const added = Object.entries(changes).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const]
      );
      const isPseudo = ([name]: readonly [string, string]) => name.startsWith(":");
      const all = [...kept, ...added];
      const fields = [...all.filter(isPseudo), ...all.filter((field) => !isPseudo(field))];
      await client.send(textOf(request(1, { fields })));
      const frames = await sent((frames) =>
        frames.some(({ type }) => type === FRAME_TYPES.HEADERS)
      );
      const [head] = frames.filter(({ type }) => type === FRAME_TYPES.HEADERS);
      assert.ok(head);
      assert.deepEqual(fieldsOf(head)[0], [":status", status]);
    });
  });
}

Deno.test("who begins no TLS, sends no request or stops in the middle of a head is late", async () => {
  await withSecureServer({}, async (scene) => {
    const { fixture, authority } = scene;
    const silent = await fixture.connect();
    const unasking = await fixture.connectTls(authority.root, "http/1.1");
    const { client: unasking2 } = await connect2(scene);
    const { client: amidst } = await connect2(scene);
    await amidst.send(textOf(request(1)).slice(0, 12));
    await until("all are there", () => fixture.counts.count === 4);
    await fixture.clock.advance(1000);
    await fixture.clock.advance(HEAD_MS + LATE_MS);
    for (const client of [silent, unasking, unasking2, amidst]) await client.all();
    await until("all are gone", () => fixture.counts.count === 0);
    assert.equal(fixture.counts.refused.get("late"), 3 + 1);
  });
});

Deno.test("a connection that asks nothing more is kept for a while", async () => {
  await withSecureServer({}, async (scene) => {
    const { client, sent } = await connect2(scene);
    await client.send(textOf(request(1)));
    await sent((frames) => frames.some(({ type, flags }) => type === 0 && (flags & 1) === 1));
    await scene.fixture.clock.advance(IDLE_MS / 2);
    await client.send(textOf(request(3)));
    await sent((frames) => frames.some(({ streamId, type }) => streamId === 3 && type === 0));
    await scene.fixture.clock.advance(IDLE_MS / 2);
    // To be there is no request.
    await client.send(textOf(frame("PING", 0, 0, new Uint8Array(8))));
    await sent((frames) => frames.some(({ type }) => type === FRAME_TYPES.PING));
    await scene.fixture.clock.advance(IDLE_MS / 2 + LATE_MS);
    await client.all();
    await until("it is gone", () => scene.fixture.counts.count === 0);
    assert.equal(scene.fixture.counts.refused.get("late"), 0);
  });
});

Deno.test("a request whose body does not come, and an answer that nobody takes, are ended", async () => {
  const large = () =>
    new Response(new Uint8Array(200_000), { headers: { "Content-Length": "200000" } });
  const handler = async (request: Request) => {
    if (request.method === "POST") await request.text();
    return large();
  };
  await withSecureServer({ handler }, async (scene) => {
    const { client, sent } = await connect2(scene);
    const post = [[":method", "POST"], ...GET_FIELDS.slice(1)] as const;
    await client.send(textOf(request(1, { fields: post, hasBody: true })));
    // It is answered up to the window, which does not grow.
    await client.send(textOf(request(3)));
    await sent((frames) => frames.some(({ type }) => type === 0));
    await scene.fixture.clock.advance(1000);
    await scene.fixture.clock.advance(READER_MS + LATE_MS);
    await sent((frames) => {
      const resets = frames.filter(({ type }) => type === FRAME_TYPES.RST_STREAM);
      return [1, 3].every((id) => resets.some(({ streamId }) => streamId === id));
    });
    assert.equal(scene.fixture.counts.refused.get("late"), 2);
  });
});

Deno.test("by HTTP/2 an error that nobody takes, too, is waited for no longer than others", async () => {
  await withSecureServer({}, async (scene) => {
    const { client, send, sent } = await connect2(scene, [[INITIAL_WINDOW_SIZE, 0]]);
    const trace = [[":method", "TRACE"], ...GET_FIELDS.slice(1)] as const;
    await send(request(1, { fields: trace }));
    await sent((frames) => frames.some(({ type }) => type === FRAME_TYPES.HEADERS));
    await scene.fixture.clock.advance(1000);
    await scene.fixture.clock.advance(READER_MS + LATE_MS);
    await until("it is given up", () => scene.fixture.counts.refused.get("late") === 1);
    await sent((frames) => frames.some(({ type }) => type === FRAME_TYPES.RST_STREAM));
    await scene.fixture.clock.advance(IDLE_MS + LATE_MS);
    await client.all();
    await until("it is gone", () => scene.fixture.counts.count === 0);
  });
});

Deno.test("by HTTP/2, too, a body has to come whole in time", async () => {
  await withSecureServer({}, async (scene) => {
    const { send, sent } = await connect2(scene);
    const post = [[":method", "POST"], ...GET_FIELDS.slice(1)] as const;
    await send(request(1, { fields: post, hasBody: true }));
    const isReset = (frames: SentFrame[]) =>
      frames.some(({ type }) => type === FRAME_TYPES.RST_STREAM);
    let pieces = 0;
    for (; pieces < 10 && !isReset(await sent(() => true)); pieces++) {
      await send(frame("DATA", 0, 1, bytesOf("x")));
      await sent((frames) =>
        isReset(frames) ||
        frames.filter(({ type, streamId }) => type === FRAME_TYPES.WINDOW_UPDATE && streamId === 1)
            .length > pieces
      );
      await scene.fixture.clock.advance(BODY_MS / 2);
    }
    assert.ok(pieces <= 4, `${pieces} pieces were waited for`);
    assert.equal(scene.fixture.counts.refused.get("late"), 1);
  });
});

Deno.test("requests of an address by HTTP/2 are of its share, beyond the one of each connection", async () => {
  const there = Promise.withResolvers<Response>();
  let asked = 0;
  const handler = async () => {
    asked++;
    return (await there.promise).clone();
  };
  await withSecureServer(
    { handler, maxPerAddress: 4, clientsFrom: "203.0.113.7" },
    async (scene) => {
      const [one, other] = [await connect2(scene), await connect2(scene)];
      await one.send(request(1), request(3), request(5));
      await until("they have come", () => asked === 3);
      await other.send(request(1), request(3));
      const statusOf = (frames: SentFrame[], id: number) => {
        const head = frames.find(({ type, streamId }) =>
          type === FRAME_TYPES.HEADERS && streamId === id
        );
        return head && fieldsOf(head)[0]?.[1];
      };
      await other.sent((frames) => statusOf(frames, 3) === "503");
      assert.equal(scene.fixture.counts.refused.get("address"), 1);
      there.resolve(new Response("there"));
      for (const [caller, ids] of [[one, [1, 3, 5]], [other, [1]]] as const) {
        await caller.sent((frames) => ids.every((id) => statusOf(frames, id) === "200"));
      }
      await one.send(request(7), request(9), request(11));
      await one.sent((frames) => [7, 9, 11].every((id) => statusOf(frames, id) === "200"));
    },
  );
});

Deno.test("an address has its share of connections, counted before TLS", async () => {
  await withSecureServer({ maxConnections: 2 }, async ({ fixture }) => {
    const clients = [await fixture.connect(), await fixture.connect()];
    await until("they are there", () => fixture.counts.count === clients.length);
    assert.equal(await (await fixture.connect()).all(), "");
    assert.equal(fixture.counts.refused.get("full"), 1);
  });
});

Deno.test("what is no HTTP/2 is told so, and ended", async () => {
  await withSecureServer({}, async ({ fixture, authority }) => {
    const client = await fixture.connectTls(authority.root, "h2");
    await client.send(`${textOf(beginning())}${textOf(frame("PING", 0, 1, new Uint8Array(8)))}`);
    const frames = framesIn(bytesOf(await client.all()));
    assert.deepEqual(frames.at(-1)?.payload, numbers(0, 1));
    assert.equal(fixture.counts.refused.get("invalid"), 1);
  });
});

Deno.test("over TLS, too, a client that takes nothing of its answer is ended", async () => {
  const large = new Uint8Array(20_000_000);
  const headers = { "Content-Length": `${large.length}` };
  await withSecureServer(
    { handler: () => new Response(large, { headers }) },
    async ({ fixture, authority }) => {
      const client = await fixture.connectTls(authority.root, "http/1.1");
      await client.send("GET / HTTP/1.1\r\nHost: echo\r\n\r\n");
      await until("it is ended", async () => {
        await fixture.clock.advance(READER_MS);
        return fixture.counts.count === 0;
      });
      assert.equal(fixture.counts.refused.get("late"), 1);
    },
  );
});

Deno.test("by HTTP/2, too, a client that takes nothing of many answers is ended", async () => {
  const large = new Uint8Array(1_000_000);
  const headers = { "Content-Length": `${large.length}` };
  await withSecureServer({ handler: () => new Response(large, { headers }) }, async (scene) => {
    const client = await scene.fixture.connectTls(scene.authority.root, "h2");
    await client.send(textOf(greedyBeginning()));
    for (let i = 0; i < 50; i++) await client.send(textOf(request(2 * i + 1)));
    await until("it is ended", async () => {
      await scene.fixture.clock.advance(READER_MS);
      return scene.fixture.counts.count === 0;
    });
    assert.equal(scene.fixture.counts.refused.get("late"), 1);
  });
});
