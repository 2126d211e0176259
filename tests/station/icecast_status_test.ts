/** Whom the source port tells what is on air, and how often that is looked at. */
import assert from "node:assert/strict";
import { Listeners } from "../../src/hls/listeners.ts";
import { EventBus } from "../../src/session/events.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { icecastStatus, type IcecastStatusOptions } from "../../src/station/icecast_status.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

/** A server where `demo` and `other` are on air. */
function onAir(hls: Partial<IcecastStatusOptions["config"]["hls"]> = {}) {
  const clock = new FakeClock();
  const manager = sessionManager({ clock, events: new EventBus() });
  let looks = 0;
  const sessions: IcecastStatusOptions["sessions"] = {
    get sessions() {
      looks++;
      return manager.sessions;
    },
    find: (name) => manager.find(name),
  };
  for (const name of ["demo", "other"]) {
    const transport = { protocol: "icecast", address: "192.0.2.1", close: () => {} } as const;
    const ingest = manager.publish({ name, key: undefined, transport });
    ingest.configure(audioConfig());
    ingest.write(new Uint8Array(10), 0);
  }
  const listeners = new Listeners(1000, () => clock.awake());
  let audiences = 0;
  listeners.addStreams(() => {
    audiences++;
    return [new Map([["demo", 7]])];
  });
  const status = icecastStatus({
    ...{ clock, sessions, listeners },
    config: {
      hls: { auth: "open", originSecret: undefined, webIndex: false, ...hls },
      control: { publicIp: "192.0.2.9" },
      icecast: { addr: { hostname: "0.0.0.0", port: 8000 } },
    },
  });
  const told = (name?: string, isItsSource = false): string[] => {
    const { source = [] } = JSON.parse(status(name, isItsSource)).icestats;
    return [source].flat().map(({ listenurl }: { listenurl: string }) => {
      return listenurl.replace("http://192.0.2.9:8000/", "");
    });
  };
  return {
    ...{ clock, told, status, listeners },
    counts: () => ({ looks, audiences }),
    stop: () => manager.stop("shutdown", SERVER_REASON),
  };
}

Deno.test("all are told where there is a page of all", () => {
  const { told, stop } = onAir({ webIndex: true });
  assert.deepEqual(told(), ["demo", "other"]);
  assert.deepEqual(told("demo"), ["demo"]);
  stop();
});

Deno.test("where there is none, one is told whose name is known, and nobody learns names", () => {
  const { told, stop } = onAir();
  assert.deepEqual(told(), []);
  assert.deepEqual(told("demo"), ["demo"]);
  assert.deepEqual(told("nobody"), []);
  stop();
});

for (const closed of [{ auth: "jwt" }, { originSecret: "cdn" }] as const) {
  Deno.test(`where not everybody may listen (${Object.keys(closed)}), a source is told of itself alone`, () => {
    const { told, stop } = onAir({ webIndex: true, ...closed });
    assert.deepEqual(told(), []);
    assert.deepEqual(told("demo"), []);
    assert.deepEqual(told("demo", true), ["demo"]);
    stop();
  });
}

Deno.test("listeners at other boxes are among those of a broadcast", () => {
  const { listeners, status, stop } = onAir({ webIndex: true });
  listeners.addElsewhere(() => [new Map([["demo", 2], ["other", 3]]), new Map([["other", 4]])]);
  const { source } = JSON.parse(status(undefined, false)).icestats;
  assert.deepEqual(source.map(({ listeners }: { listeners: number }) => listeners), [9, 7]);
  stop();
});

Deno.test("however often it is asked for, it is made once a second", async () => {
  const { clock, told, status, counts, stop } = onAir({ webIndex: true });
  for (let i = 0; i < 100; i++) {
    told();
    told("demo");
    told("nobody");
  }
  assert.deepEqual(counts(), { looks: 1, audiences: 1 });
  assert.equal(JSON.parse(status("demo", false)).icestats.source.listeners, 7);
  await clock.advance(1000);
  told();
  assert.deepEqual(counts(), { looks: 2, audiences: 2 });
  stop();
});
