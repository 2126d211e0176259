/** What boxes ask each other, and what they refuse. */
import assert from "node:assert/strict";
import { derivedKey } from "../../../src/fleet/derived_key.ts";
import {
  BoxLinks,
  BoxUnreachable,
  LinkFull,
  type RequestSender,
} from "../../../src/fleet/links/box_links.ts";
import { askedBy } from "../../../src/fleet/links/fleet_routes.ts";
import { LinkedBox } from "../../../testing/fleet/linked_boxes.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { until } from "../../../testing/until.ts";

Deno.test("a box answers another one that has the same key, and knows who asks", async () => {
  await using a = new LinkedBox("a");
  await using b = new LinkedBox("b");
  a.routes.post("/echo/:name", async (c) => {
    return c.json({ ...c.req.param(), from: askedBy(c).id, body: await c.req.text() });
  });
  const answer = await b.links.request(a.place, "/fleet/1/echo/night?x=1%202", {
    ...{ method: "POST", body: "words" },
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { name: "night", from: "b", body: "words" });
});

Deno.test("a box with another key is refused, and what it asks for is not done", async () => {
  await using a = new LinkedBox("a");
  await using b = new LinkedBox("b", { sharedKey: "another" });
  let asked = 0;
  a.routes.get("/x", (c) => c.text(`${++asked}`));
  assert.equal((await b.links.request(a.place, "/fleet/1/x")).status, 401);
  assert.equal(asked, 0);
  assert.match(a.refusals[0] ?? "", /signature/);
});

Deno.test("requests without a signature are refused, whatever path they are for", async () => {
  await using a = new LinkedBox("a");
  a.routes.get("/x", (c) => c.text("x"));
  for (const path of ["/fleet/1/x", "/fleet/1/y"]) {
    const answer = await fetch(a.place.privateUrl + path);
    await answer.body?.cancel();
    assert.equal(answer.status, 401);
  }
});

Deno.test("a request that was recorded is refused when it is sent again", async () => {
  await using a = new LinkedBox("a");
  let asked = 0;
  a.routes.post("/x", (c) => c.text(`${++asked}`));
  const recorded = await new Recorder().record(a, "/fleet/1/x");
  const first = await fetch(recorded.url, recorded.init);
  assert.equal(await first.text(), "1");
  const again = await fetch(recorded.url, recorded.init);
  assert.equal(again.status, 401);
  assert.match(await again.text(), /has come before/);
  assert.equal(asked, 1);
});

Deno.test("a signed request with another body, method or query is refused", async () => {
  await using a = new LinkedBox("a");
  a.routes.all("/x", (c) => c.text("x"));
  const { url, init } = await new Recorder().record(a, "/fleet/1/x?one");
  const others = [
    { url: `${url}s`, init },
    { url, init: { ...init, method: "PUT" } },
    { url, init: { ...init, body: "other" } },
  ];
  for (const other of others) assert.equal(await statusOf(other), 401);
});

Deno.test("a request that was recorded is of no use once the box was started again", async () => {
  const recorded = await (async () => {
    await using a = new LinkedBox("a", { incarnation: "first" });
    return await new Recorder().record(a, "/fleet/1/x");
  })();
  await using again = new LinkedBox("a", { incarnation: "second" });
  again.routes.post("/x", (c) => c.text("done"));
  const { privateUrl } = again.place;
  assert.equal(await statusOf({ ...recorded, url: `${privateUrl}/fleet/1/x` }), 421);
});

Deno.test("who knows only an earlier run of a box asks the one that runs", async () => {
  await using a = new LinkedBox("a");
  await using b = new LinkedBox("b");
  a.routes.get("/x", (c) => c.text("x"));
  const answer = await b.links.request({ ...a.place, incarnation: "earlier" }, "/fleet/1/x");
  assert.equal(await answer.text(), "x");
});

Deno.test("another box at the same address is not taken for the one that is asked", async () => {
  await using a = new LinkedBox("a");
  await using b = new LinkedBox("b");
  a.routes.get("/x", (c) => c.text("x"));
  assert.equal((await b.links.request({ ...a.place, id: "c" }, "/fleet/1/x")).status, 421);
});

Deno.test("requests may overtake each other by thousands, and by no more", async () => {
  await using a = new LinkedBox("a");
  a.routes.post("/x", (c) => c.text("x"));
  const recorder = new Recorder();
  const first = await recorder.record(a, "/fleet/1/x");
  const second = await recorder.record(a, "/fleet/1/x");
  for (let i = 0; i < 4094; i++) await recorder.record(a, "/fleet/1/x");
  assert.equal(await statusOf(await recorder.record(a, "/fleet/1/x")), 200);
  assert.equal(await statusOf(first), 401);
  assert.equal(await statusOf(second), 200);
});

Deno.test("what is too large is refused in both directions", async () => {
  await using a = new LinkedBox("a");
  await using b = new LinkedBox("b");
  a.routes.post("/x", (c) => c.text("x"));
  a.routes.get("/long", (c) => c.body(new Uint8Array(2000)));
  const body = new Uint8Array(2 ** 20 + 1);
  const answer = await b.links.request(a.place, "/fleet/1/x", { method: "POST", body });
  assert.equal(answer.status, 413);
  await assert.rejects(
    b.links.request(a.place, "/fleet/1/long", { maxBytes: 1999 }),
    (error) => error instanceof BoxUnreachable && /more than 1999 bytes/.test(error.message),
  );
});

Deno.test("a box that does not answer in time is given up, also in the middle of its answer", async () => {
  const clock = new FakeClock();
  await using a = new LinkedBox("a");
  await using b = new LinkedBox("b", { clock });
  let asked = 0;
  const never = Promise.withResolvers<Response>();
  a.routes.get("/never", () => {
    asked++;
    return never.promise;
  });
  a.routes.get("/half", (c) => {
    asked++;
    return c.body(new ReadableStream({ start: (half) => half.enqueue(new Uint8Array(10)) }));
  });
  for (const path of ["/fleet/1/never", "/fleet/1/half"]) {
    const before = asked;
    const answer = b.links.request(a.place, path, { timeoutMs: 1000 });
    const refused = assert.rejects(answer, /Cannot ask box a: no answer within 1 s/);
    await until("the box is asked", () => asked > before);
    await clock.advance(1000);
    await refused;
  }
  never.resolve(new Response("late"));
});

Deno.test("a box that is gone is told at once, and a signal gives a request up", async () => {
  const place = await (async () => {
    await using a = new LinkedBox("a");
    return a.place;
  })();
  await using b = new LinkedBox("b");
  await assert.rejects(b.links.request(place, "/fleet/1/x"), /Cannot ask box a: tcp connect error/);
  const signal = AbortSignal.abort(new Error("nobody waits"));
  await assert.rejects(b.links.request(place, "/fleet/1/x", { signal }), /nobody waits/);
});

Deno.test("of a box that answers nothing, a bounded number of requests is waited for", async () => {
  for (const [sender, most] of [["boxes", 256], ["listeners", 128], ["publishers", 64]] as const) {
    await using boxes = new SlowBox();
    const { links } = boxes.b;
    const all = boxes.fill(sender, most);
    await assert.rejects(
      links.request(boxes.a.place, "/fleet/1/x", { sender }),
      (error) => error instanceof LinkFull && error.message.includes(`${most} requests of`),
    );
    boxes.answer();
    for (const answer of await Promise.all(all)) assert.equal(answer.status, 200);
    assert.equal((await links.request(boxes.a.place, "/fleet/1/x", { sender })).status, 200);
  }
});

Deno.test("listeners and publishers do not keep boxes from asking each other", async () => {
  await using boxes = new SlowBox();
  // More than may be sent: the others are refused at once.
  const all = Promise.allSettled([
    ...boxes.fill("listeners", 256),
    ...boxes.fill("publishers", 256),
  ]);
  const { b: { links }, a: { place } } = boxes;
  assert.equal((await links.request(place, "/fleet/1/handover")).status, 200);
  const following = new AbortController();
  const feed = await links.open(place, "/fleet/1/handover", { signal: following.signal });
  assert.equal(await feed.text(), "handed over");
  boxes.answer();
  const answered = (await all).filter(({ status }) => status === "fulfilled");
  assert.equal(answered.length, 128 + 64);
});

/** Box `a` answers what `b` asks for at `/x` when a test says so. */
class SlowBox implements AsyncDisposable {
  readonly a = new LinkedBox("a");
  readonly b = new LinkedBox("b");
  readonly #go = Promise.withResolvers<void>();

  constructor() {
    this.a.routes.get("/x", async (c) => {
      await this.#go.promise;
      return c.text("x");
    });
    this.a.routes.get("/handover", (c) => c.text("handed over"));
  }

  /** Has so many requests under way. */
  fill(sender: RequestSender, count: number): Promise<Response>[] {
    return Array.from({ length: count }, () => {
      return this.b.links.request(this.a.place, "/fleet/1/x", { sender });
    });
  }

  answer(): void {
    this.#go.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.answer();
    await this.b[Symbol.asyncDispose]();
    await this.a[Symbol.asyncDispose]();
  }
}

/** Signs requests that are not sent. */
class Recorder {
  #recorded: Recorded | undefined;
  readonly #links = new BoxLinks({
    clock: new FakeClock(),
    own: { id: "c", incarnation: "run" },
    key: derivedKey("shared", "between boxes"),
    fetch: (url, init = {}) => {
      this.#recorded = { url: String(url), init: { ...init, signal: null } };
      return Promise.resolve(new Response());
    },
  });

  /** A signed POST of "body" to `a`. */
  async record(a: LinkedBox, path: string): Promise<Recorded> {
    await this.#links.request(a.place, path, { method: "POST", body: "body" });
    assert.ok(this.#recorded !== undefined);
    return this.#recorded;
  }
}

interface Recorded {
  readonly url: string;
  readonly init: RequestInit;
}

async function statusOf({ url, init }: Recorded): Promise<number> {
  const answer = await fetch(url, init);
  await answer.body?.cancel();
  return answer.status;
}
