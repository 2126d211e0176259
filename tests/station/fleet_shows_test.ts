/** What sessions of a box do when names come, go and are asked for by other boxes. */
import assert from "node:assert/strict";
import { newRecord } from "../../src/fleet/registry.ts";
import type { NameHandover } from "../../src/hls/handed_window.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import type { Transport } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import type { NameWish } from "../../src/session/names.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { FleetShows } from "../../src/station/fleet_shows.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

const DJ = "192.0.2.7";
const STRANGER = "198.51.100.9";

class Connection implements Transport {
  readonly protocol = "rtmp";
  closed: string | undefined;
  constructor(readonly address = DJ) {}
  close(why: string): void {
    this.closed = why;
  }
}

function setUp(maxSessions = 10) {
  const clock = new FakeClock();
  const events = new EventBus();
  const seen: SessionEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const keys = new KeyStore(clock, 0);
  const sessions = sessionManager({ clock, events, keys, auth: "open", maxSessions });
  const shows = new FleetShows({ clock, events, sessions, keys, segmentMs: 1000 });
  const stop = () => sessions.stop("shutdown", SERVER_REASON);
  return { clock, keys, sessions, shows, seen, stop };
}

function wish(address: string, key?: string): NameWish {
  const shown = { tokens: key === undefined ? [] : [key], approved: false };
  return { name: "demo", protocol: "rtmp", address, shown };
}

/** Somebody is on air with `demo`. */
function goOnAir({ sessions }: ReturnType<typeof setUp>) {
  const transport = new Connection();
  const ingest = sessions.publish({ name: "demo", key: undefined, transport });
  ingest.configure(audioConfig());
  ingest.write(new Uint8Array([1, 2, 3]), 0);
  return { transport, ingest };
}

/** What a box answers, once what arrived has been read. */
async function mayLeave({ clock, shows }: ReturnType<typeof setUp>, wished: NameWish) {
  const answer = shows.mayLeave(wished);
  await clock.advance(0);
  return await answer;
}

Deno.test("who is on air is taken over elsewhere by a key, or once he is silent", async () => {
  const box = setUp();
  const { sessions, keys, clock, stop } = box;
  goOnAir(box);
  const key = keys.create("demo").token;
  assert.equal(await mayLeave(box, wish(STRANGER, key)), "proven");
  assert.equal(await mayLeave(box, wish(STRANGER)), "no");
  assert.equal(await mayLeave(box, wish(DJ)), "later");
  await clock.advance(2000);
  assert.equal(await mayLeave(box, wish(STRANGER)), "free");
  assert.equal(sessions.find("demo")?.transport?.address, DJ);
  stop();
});

Deno.test("what somebody has reserved goes along with him alone", async () => {
  const box = setUp();
  const { sessions, stop } = box;
  const { key } = sessions.reserve({ name: "demo", protocol: "rtmp", address: DJ, props: {} });
  assert.equal(await mayLeave(box, wish(STRANGER)), "as new");
  assert.equal(await mayLeave(box, wish(DJ)), "free");
  assert.equal(await mayLeave(box, wish(STRANGER, key.token)), "proven");
  stop();
});

Deno.test("what is told of a name is what another box needs to go on with its session", () => {
  const box = setUp();
  const { sessions, shows, stop } = box;
  assert.equal(shows.facts("demo"), undefined);
  const { ingest } = goOnAir(box);
  const id = sessions.find("demo")?.id;
  const told = { sessionId: id, props: {}, holdMs: 30_000, createdAtMs: Date.UTC(2026, 0, 1) };
  assert.deepEqual(shows.facts("demo"), { ...told, state: "live" });
  ingest.end("lost");
  assert.deepEqual(shows.facts("demo"), { ...told, state: "held" });
  stop();
});

Deno.test("the session that goes on elsewhere ends here in silence, any other as over", () => {
  const box = setUp();
  const { sessions, shows, seen, stop } = box;
  const { transport } = goOnAir(box);
  const id = sessions.find("demo")?.id;
  shows.letGo("demo", id);
  assert.notEqual(transport.closed, undefined);
  const isSilent = () => {
    const last = seen.at(-1);
    return last?.kind === "release" ? "goesOn" in last : undefined;
  };
  assert.equal(isSilent(), true);
  goOnAir(box);
  shows.letGo("demo", 4711);
  assert.equal(isSilent(), false);
  shows.letGo("demo", undefined);
  stop();
});

Deno.test("what another box had goes on, also where nothing but its record is left", () => {
  const box = setUp();
  const { sessions, shows, stop } = box;
  const before = {
    ...newRecord("demo"),
    ...{ box: "b", incarnation: "b1", epoch: 3, sessionId: 4711, props: { show: "late" } },
    ...{ state: "held" as const, holdMs: 30_000, createdAtMs: 5000 },
  };
  const taken = { wish: wish(DJ), before, state: undefined, isProven: false };
  shows.takeOver({ ...taken, goesOn: false });
  assert.equal(sessions.find("demo"), undefined);
  shows.takeOver({ ...taken, goesOn: true });
  const session = sessions.find("demo");
  assert.equal(session?.id, 4711);
  assert.equal(session?.state, "paused");
  assert.equal(session?.created?.wallMs, 5000);
  assert.deepEqual(session?.props, { show: "late" });
  stop();
});

/** What HLS is told of a show at another box whose numbers were told so long ago. */
function endOf(agoMs: number, { goesOn }: { readonly goesOn: boolean }): number {
  const { clock, shows, stop } = setUp();
  const now = clock.now();
  let handed: NameHandover | undefined;
  shows.hls = {
    takeOver: (_, numbers) => handed = numbers,
    handOver: () => undefined,
    thaw: () => {},
    letGo: () => {},
    leftElsewhere: [],
  };
  const before = {
    ...newRecord("demo"),
    ...{ box: "b", incarnation: "b1", epoch: 3, sessionId: 4711, holdMs: 3_600_000 },
    ...{ state: goesOn ? "held" as const : "over" as const, createdAtMs: now - agoMs - 1 },
    // It may have been listed until now, by a clock that is ahead.
    ...{ mediaSequence: 7, toldAtMs: now - agoMs, endsAtMs: now + 3500 },
  };
  shows.takeOver({ wish: wish(DJ), before, goesOn, state: undefined, isProven: false });
  stop();
  assert.ok(handed?.kind === "numbers");
  return handed.endsAtMs - now;
}

Deno.test("a show comes behind all that its box may have listed, and a new one behind the silence of the last", () => {
  assert.equal(endOf(600_000, { goesOn: true }), 3500);
  assert.equal(endOf(1000, { goesOn: false }), 3500);
  assert.ok(endOf(40_000, { goesOn: false }) < 0, "nothing was listed for a while");
});

Deno.test("of a show that nobody goes on with it is told that it is over, also by a full box", () => {
  const box = setUp(1);
  const { sessions, shows, seen, stop } = box;
  goOnAir(box);
  const [other] = sessions.sessions;
  seen.length = 0;
  const record = { ...newRecord("gone"), box: "b", incarnation: "b1", epoch: 3 };
  shows.bury({ ...record, sessionId: 4711, props: { show: "late" }, createdAtMs: 5000 });
  assert.deepEqual(
    seen.map(({ kind, id, name, props }) => [kind, id, name, props]),
    [["release", 4711, "gone", { show: "late" }]],
  );
  assert.deepEqual(sessions.sessions, [other]);
  stop();
});
