/** The source port on loopback: connections, time limits, and how each connection ends. */
import assert from "node:assert/strict";
import { LiveSources } from "../../src/icecast/live_sources.ts";
import type { MountListeners } from "../../src/icecast/mount_listeners.ts";
import { IcecastServer } from "../../src/icecast/server.ts";
import { PublishRefused, type PublishRequest } from "../../src/session/ingest.ts";
import type { Tags } from "../../src/session/tags.ts";
import { adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { basic } from "../../testing/icecast/dialogue_harness.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { RecordingDoorkeeper } from "../../testing/session/recording_doorkeeper.ts";
import { until } from "../../testing/until.ts";

const frames = Array.from({ length: 10 }, (_, i) => new Uint8Array(40 + i).fill(i + 1));
const audio = adtsStream(audioConfig(), frames);
const CREDENTIALS = basic("source", "sesame");
const SOURCE = `SOURCE /demo HTTP/1.0\r\n${CREDENTIALS}Content-Type: audio/aac\r\n\r\n`;
const ENDED = /Connection of a source .* ended/;

/** A server on loopback with everything that it talks to in hand. */
class Fixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly doorkeeper = new RecordingDoorkeeper();
  readonly server: IcecastServer;
  readonly log: LogRecorder;
  readonly titles: (Tags & { readonly request: PublishRequest })[] = [];
  /** What others are answered who tell titles. */
  answer: () => Promise<boolean> = () => Promise.resolve(true);

  private constructor(log: LogRecorder, maxConnections: number, listeners?: MountListeners) {
    this.log = log;
    this.server = new IcecastServer({
      addr: { hostname: "127.0.0.1", port: 0 },
      connectionTimeoutMs: 10_000,
      maxConnections,
      clock: this.clock,
      doorkeeper: this.doorkeeper,
      speaks: "Icecast",
      sources: new LiveSources(this.clock),
      tag: async (request, tags) => {
        this.titles.push({ ...tags, request });
        return await this.answer();
      },
      status: (name, isItsSource) => JSON.stringify({ name, isItsSource }),
      listeners,
    });
    this.server.start();
  }

  static async start(
    { maxConnections = 100, listeners }: {
      maxConnections?: number;
      listeners?: MountListeners;
    } = {},
  ): Promise<Fixture> {
    return new Fixture(await LogRecorder.start(), maxConnections, listeners);
  }

  async connect(): Promise<Client> {
    const { hostname, port } = this.server.addr;
    return new Client(await Deno.connect({ hostname, port }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.log[Symbol.asyncDispose]();
  }
}

/** A client that sends what it is told, and keeps what it is answered. */
class Client {
  answers = "";
  /** Resolves once the server has closed. */
  readonly ended: Promise<void>;
  readonly #conn: Deno.TcpConn;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.ended = this.#read();
  }

  async send(...parts: readonly (string | Uint8Array)[]): Promise<void> {
    for (const part of parts) {
      const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    }
  }

  /** Closes without having read more. */
  async vanish(): Promise<void> {
    try {
      this.#conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await this.ended;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      for (let count; (count = await this.#conn.read(buffer)) !== null;) {
        this.answers += new TextDecoder().decode(buffer.subarray(0, count));
      }
      this.#conn.close();
    } catch (error) {
      const { BadResource, Interrupted, ConnectionReset } = Deno.errors;
      const ends = [BadResource, Interrupted, ConnectionReset];
      if (!ends.some((kind) => error instanceof kind)) throw error;
      if (error instanceof ConnectionReset) this.#conn.close();
    }
  }
}

Deno.test("a source's frames arrive; closing the connection is a loss, not a goodbye", async () => {
  await using fixture = await Fixture.start();
  const client = await fixture.connect();
  await client.send(SOURCE, audio);
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.frames.length === 9);
  const { transport } = ingest.request;
  assert.deepEqual([transport.protocol, transport.address], ["icecast", "127.0.0.1"]);
  await client.vanish();
  await fixture.log.until(ENDED);
  assert.deepEqual(ingest.frames.map(({ data }) => data), frames);
  assert.deepEqual(ingest.ends, ["lost"]);
  assert.match(fixture.log.lines.join(), /^info demo#1 .* ended: closed while publishing$/);
  assert.doesNotMatch(fixture.log.lines.join(), /sesame/);
});

Deno.test("a source that is far ahead of real time is not read from meanwhile", async () => {
  await using fixture = await Fixture.start();
  const client = await fixture.connect();
  await client.send(SOURCE, audio.subarray(0, 100));
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.frames.length > 0);
  ingest.aheadMs = 60_000;
  const before = ingest.frames.length;
  await client.send(audio.subarray(100, 180));
  await ingest.until(() => ingest.frames.length > before);
  const paused = ingest.frames.length;
  await client.send(audio.subarray(180));
  for (let i = 0; i < 60; i++) await fixture.clock.advance(500);
  assert.equal(ingest.frames.length, paused);
  assert.deepEqual(ingest.ends, [], "and it is not silent meanwhile");
  ingest.aheadMs = 0;
  await fixture.clock.advance(500);
  await ingest.until(() => ingest.frames.length === 9);
  await client.vanish();
});

Deno.test("a source whose bytes take long and are no audio is read from no more, and others are", async () => {
  await using fixture = await Fixture.start();
  const client = await fixture.connect();
  await client.send(SOURCE, audio);
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.frames.length === 9);
  const { clock } = fixture;
  let bad = 0;
  ingest.bad = () => {
    clock.standStill(5);
    bad++;
    ingest.dropped(0);
  };
  const nothing = adtsStream(audioConfig({ channelConfiguration: 0 }), [frames[0], frames[0]]);
  for (const count of [1, 3, 5, 7, 9]) {
    await client.send(nothing);
    await ingest.until(() => bad >= count);
  }
  const before = bad;
  await client.send(nothing);
  const other = await fixture.connect();
  await other.send(SOURCE.replace("/demo", "/other"), audio);
  const others = await fixture.doorkeeper.ingest(1);
  await others.until(() => others.frames.length === 9);
  assert.equal(bad, before);
  await until("it is read again", async () => {
    await clock.advance(100);
    return bad > before;
  });
  for (const one of [client, other]) await one.vanish();
  await until("both have ended", async () => {
    await clock.advance(500);
    return fixture.log.lines.filter((line) => ENDED.test(line)).length === 2;
  });
});

const slow = {
  "says nothing": { sent: "", afterMs: 15_000, why: /nothing published within 15 s/ },
  "sends half a head": {
    sent: SOURCE.slice(0, 20),
    afterMs: 15_000,
    why: /nothing published within 15 s/,
  },
  "sends no body": { sent: SOURCE, afterMs: 10_000, why: /no audio .*10 s, but nothing/ },
};

for (const [what, { sent, afterMs, why }] of Object.entries(slow)) {
  Deno.test(`a source that ${what} is closed`, async () => {
    await using fixture = await Fixture.start();
    const client = await fixture.connect();
    await client.send(sent);
    if (sent === SOURCE) await fixture.doorkeeper.ingest();
    await until("it is closed", async () => {
      await fixture.clock.advance(1000);
      return fixture.log.lines.some((line) => why.test(line));
    });
    assert.ok(fixture.clock.monotonic() >= afterMs);
    await client.ended;
  });
}

Deno.test("a body of one byte now and then is no audio", async () => {
  await using fixture = await Fixture.start();
  const client = await fixture.connect();
  await client.send(SOURCE);
  const ingest = await fixture.doorkeeper.ingest();
  await until("it is closed", async () => {
    await client.send(Uint8Array.of(0)).catch(() => {});
    await fixture.clock.advance(1000);
    return ingest.rejections.length > 0;
  });
  assert.match(ingest.rejections[0] ?? "", /no audio .*10 s, but bytes that begin with 00/);
  await client.ended;
});

Deno.test("where all places are taken, those give way that do not publish", async () => {
  await using fixture = await Fixture.start({ maxConnections: 3 });
  const source = await fixture.connect();
  await source.send(SOURCE, audio);
  const ingest = await fixture.doorkeeper.ingest();
  const idle = [await fixture.connect(), await fixture.connect(), await fixture.connect()];
  await idle[0]?.ended;
  assert.deepEqual(ingest.ends, []);
  const dj = await fixture.connect();
  await dj.send(SOURCE.replace("/demo", "/other"), audio);
  const other = await fixture.doorkeeper.ingest(1);
  assert.equal(other.request.name, "other");
  for (const client of [source, dj, ...idle]) await client.vanish();
});

Deno.test("a title by the source's own credentials counts for it, and nobody is asked", async () => {
  await using fixture = await Fixture.start();
  const source = await fixture.connect();
  await source.send(SOURCE, audio);
  const ingest = await fixture.doorkeeper.ingest();
  const client = await fixture.connect();
  const path = "/admin/metadata?mode=updinfo&mount=/demo.mp3&song=A%20-%20B";
  // As BUTT does, it does not wait for the answer.
  await client.send(`GET ${path} HTTP/1.0\r\n${CREDENTIALS}\r\n`);
  await client.vanish();
  await ingest.until(() => ingest.tags.length === 1);
  assert.deepEqual(ingest.tags, [{ title: "A - B", artist: undefined, timeMs: undefined }]);
  assert.deepEqual(fixture.titles, []);
  await source.vanish();
});

Deno.test("a title by other credentials is somebody else's to decide", async () => {
  await using fixture = await Fixture.start();
  const source = await fixture.connect();
  await source.send(SOURCE, audio);
  const ingest = await fixture.doorkeeper.ingest();
  for (
    const [answer, status] of [
      [() => Promise.resolve(true), 200],
      [() => Promise.resolve(false), 400],
      [() => Promise.reject(new PublishRefused("key-unknown", "wrong")), 401],
      [() => Promise.reject(new PublishRefused("name-in-use", "taken")), 403],
    ] as const
  ) {
    fixture.answer = answer;
    const client = await fixture.connect();
    const path = "/admin/metadata?mode=updinfo&mount=/demo&song=x";
    await client.send(`GET ${path} HTTP/1.0\r\n${basic("source", "wrong")}\r\n`);
    await client.ended;
    assert.match(client.answers, new RegExp(`^HTTP/1.0 ${status} `));
  }
  assert.equal(fixture.titles[0]?.request.key, "wrong");
  assert.deepEqual(ingest.tags, []);
  await source.vanish();
});

Deno.test("after ten wrong guesses also the source's own credentials are somebody else's to decide", async () => {
  await using fixture = await Fixture.start();
  const source = await fixture.connect();
  await source.send(SOURCE, audio);
  const ingest = await fixture.doorkeeper.ingest();
  // Who guesses does not wait for what is slow, as it is where wrong.
  fixture.answer = () => new Promise(() => {});
  const path = "/admin/metadata?mode=updinfo&mount=/demo&song=x";
  const guess = async (password: string) => {
    const client = await fixture.connect();
    await client.send(`GET ${path} HTTP/1.0\r\n${basic("source", password)}\r\n`);
    return client;
  };
  for (let i = 0; i <= 10; i++) {
    const client = await guess(`guess${i}`);
    await until("it is asked about", () => fixture.titles.length === i + 1);
    await client.vanish();
  }
  const last = await guess("sesame");
  await until("it is asked about", () => fixture.titles.length === 12);
  assert.deepEqual([last.answers, ingest.tags], ["", []]);
  for (const client of [last, source]) await client.vanish();
});

Deno.test("the status is told whether the credentials of a mount's source are shown", async () => {
  await using fixture = await Fixture.start();
  const source = await fixture.connect();
  await source.send(SOURCE, audio);
  await fixture.doorkeeper.ingest();
  const asked: [query: string, fields: string, expected: object][] = [
    ["", CREDENTIALS, { isItsSource: false }],
    ["?mount=/demo.mp3", "", { name: "demo", isItsSource: false }],
    ["?mount=/demo", CREDENTIALS, { name: "demo", isItsSource: true }],
    ["?mount=/other", CREDENTIALS, { name: "other", isItsSource: false }],
    ["?mount=/demo", basic("source", "wrong"), { name: "demo", isItsSource: false }],
  ];
  for (const [query, fields, expected] of asked) {
    const client = await fixture.connect();
    await client.send(`GET /status-json.xsl${query} HTTP/1.1\r\n${fields}\r\n`);
    await client.ended;
    assert.deepEqual(JSON.parse(client.answers.split("\r\n\r\n")[1] ?? ""), expected, query);
  }
  await source.vanish();
});

Deno.test("a receiver is handed on with its socket, and the door ends without it", async () => {
  let taken: { path: string; address: string } | undefined;
  const listeners: MountListeners = {
    serve: ({ path }, socket, address) => {
      taken = { path, address };
      void socket.write(new TextEncoder().encode("music")).then(() => socket.close());
      return true;
    },
  };
  await using fixture = await Fixture.start({ listeners });
  const client = await fixture.connect();
  await client.send("GET /demo HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.ended;
  assert.equal(client.answers, "music");
  assert.deepEqual(taken, { path: "/demo", address: "127.0.0.1" });
});

Deno.test("a server that stops closes the sources", async () => {
  const fixture = await Fixture.start();
  const client = await fixture.connect();
  await client.send(SOURCE, audio);
  const ingest = await fixture.doorkeeper.ingest();
  await fixture[Symbol.asyncDispose]();
  await client.ended;
  assert.deepEqual(ingest.ends, ["lost"]);
});
