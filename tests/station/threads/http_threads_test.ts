/** Threads that serve listeners: where they may listen, and what happens where something fails. */
import assert from "node:assert/strict";
import { Distributor } from "../../../src/hls/distributor.ts";
import { NO_PREROLL } from "../../../src/hls/preroll.ts";
import { TrustedProxies } from "../../../src/http/addresses.ts";
import { ConnectionLimits } from "../../../src/http/connection_limits.ts";
import { ListeningSockets } from "../../../src/listening/listening_sockets.ts";
import { systemClock } from "../../../src/session/clock.ts";
import type { EndedShow } from "../../../src/pages/listener/last_shows.ts";
import { HttpThreads, type HttpThreadsOptions } from "../../../src/station/threads/http_threads.ts";
import { RequestDurations } from "../../../src/web/request_durations.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { freePort } from "../../../testing/free_ports.ts";
import { OFF_AIR } from "../../../testing/pages/listener/broadcasts.ts";
import { withFolder } from "../../../testing/temporary_folder.ts";
import { until } from "../../../testing/until.ts";

const HOSTNAME = "127.0.0.1";

function start(port: number, rootDir: string, changes: Partial<HttpThreadsOptions> = {}) {
  const limits = new ConnectionLimits({
    maxConnections: 100,
    maxPerAddress: 100,
    maxTogether: 100,
    proxies: new TrustedProxies([]),
  });
  const durations = new RequestDurations();
  const threads = new HttpThreads({
    clock: systemClock,
    count: 2,
    what: "HLS over HTTP",
    addr: { hostname: HOSTNAME, port },
    settings: {
      ...{ path: "cast", index: true, rootDir, preroll: NO_PREROLL },
      entrance: { originSecret: undefined, tokens: undefined },
    },
    keys: undefined,
    distributor: new Distributor(() => undefined),
    shows: { status: (name) => ({ ...OFF_AIR, name }), current: [], watchEnds: () => () => {} },
    sockets: new ListeningSockets(systemClock),
    counts: limits.addThreads("hls"),
    listeners: { fetched: () => {}, addStreams: () => {} },
    durations,
    ...changes,
  });
  return { threads, durations, limits };
}

Deno.test("threads share a port with each other, and with no other server", () =>
  withFolder(async (folder) => {
    const port = freePort();
    const { threads, durations, limits } = start(port, folder);
    await threads.listening();
    assert.equal(threads.serving, 2);
    assert.throws(
      () => start(port, folder),
      /^Error: Cannot listen on 127\.0\.0\.1:\d+ for HLS over HTTP: Address already in use/,
    );
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    for (let i = 0; i < 10; i++) {
      const answer = await fetch(`http://${HOSTNAME}:${port}/cast/demo/status.json`, { client });
      assert.equal((await answer.json()).state, "off-air");
    }
    const counted = () => durations.all.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0);
    await until("all requests are counted", () => counted() === 10);
    await threads.close();
    assert.equal(threads.serving, 0);
    assert.equal(limits.servers.get("hls")?.count, 0);
    await until("the port is free again", () => isFree(port));
  }));

Deno.test("where another server listens, the start says so", () =>
  withFolder((folder) => {
    using other = Deno.listen({ hostname: HOSTNAME, port: 0 });
    assert.throws(() => start(other.addr.port, folder), /Address already in use/);
    return Promise.resolve();
  }));

Deno.test("threads that fail again and again need another start of the server after a minute", () =>
  withFolder(async (folder) => {
    const clock = new FakeClock();
    const port = freePort();
    const { threads } = start(port, folder, { clock, sockets: new ListeningSockets(clock) });
    // They look at the port a moment later.
    const other = Deno.listen({ hostname: HOSTNAME, port });
    const startedAt = clock.awake();
    await assert.rejects(threads.listening());
    await until("they are lost", async () => {
      await clock.advance(1000);
      return threads.lost;
    });
    assert.equal(clock.awake() - startedAt, 60_000);
    other.close();
    await until("both serve", async () => {
      await clock.advance(100);
      return threads.serving === 2;
    });
    await clock.advance(1000);
    assert.equal(threads.lost, false);
    await threads.close();
  }));

Deno.test("threads are told something also where their question shows a bug", () =>
  withFolder(async (folder) => {
    const port = freePort();
    const distributor = new Distributor(() => undefined);
    distributor.begin("demo");
    distributor.begin("other");
    const status = (name: string) => {
      if (name === "demo") throw new Error("a bug");
      return { ...OFF_AIR, name, listeners: 7 };
    };
    const { threads } = start(port, folder, {
      ...{ count: 1, distributor },
      shows: { status, current: [], watchEnds: () => () => {} },
    });
    await threads.listening();
    using client = Deno.createHttpClient({});
    const listeners = async (name: string) => {
      const answer = await fetch(`http://${HOSTNAME}:${port}/cast/${name}/status.json`, { client });
      return (await answer.json()).listeners;
    };
    assert.deepEqual([await listeners("demo"), await listeners("other")], [0, 7]);
    await threads.close();
  }));

Deno.test("threads know of a name when it was last on air, from before they began and later", () =>
  withFolder(async (folder) => {
    const port = freePort();
    const tells = new Set<(ended: readonly EndedShow[]) => void>();
    const watchEnds = (tell: (ended: readonly EndedShow[]) => void) => {
      tell([{ name: "before", at: 1000 }]);
      tells.add(tell);
      return () => tells.delete(tell);
    };
    const status = (name: string) => assert.fail(`asked for ${name}`);
    const { threads } = start(port, folder, { shows: { status, current: [], watchEnds } });
    await threads.listening();
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const lastOnAir = async (name: string) => {
      const answer = await fetch(`http://${HOSTNAME}:${port}/cast/${name}/status.json`, { client });
      return (await answer.json()).last_on_air;
    };
    assert.equal(await lastOnAir("before"), "1970-01-01T00:00:01.000Z");
    assert.equal(await lastOnAir("later"), null);
    assert.equal(tells.size, 2);
    for (const tell of tells) tell([{ name: "later", at: 2000 }]);
    await until("they know it", async () => await lastOnAir("later") !== null);
    await threads.close();
    assert.equal(tells.size, 0, "threads that are gone are told nothing");
  }));

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: HOSTNAME, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
