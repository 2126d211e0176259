/** What befalls a Redis, and how boxes get over it. */
import assert from "node:assert/strict";
import { Member } from "../../../src/fleet/member.ts";
import { systemClock } from "../../../src/session/clock.ts";
import { RedisSentinels } from "../../../testing/fleet/redis_sentinels.ts";
import { RedisServer } from "../../../testing/fleet/redis_server.ts";
import { boxRecord, openRegistry } from "../../../testing/fleet/tested_registries.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";
import { until } from "../../../testing/until.ts";

Deno.test("after Redis was killed and started again, empty, everything is there again", async () => {
  await using redis = await RedisServer.start();
  await using boxes = await Boxes.start(redis.url, "a", "b");
  const [a, b] = boxes.all;
  await owned(a, "dj");
  await until("b knows the name", () => b.ownerOf("dj")?.id === "a");
  await redis.stop();
  await until("both are alone", () => !a.membership.isJoined && !b.membership.isJoined);
  assert.match(
    a.membership.problem ?? "",
    /^The registry of the fleet has not answered a beat for/,
  );
  assert.equal(b.ownerOf("dj")?.id, "a");
  await assert.rejects(b.claim("dj"), { name: "RegistryUnavailable" });
  a.save({ ...await record(a, "dj"), mediaSequence: 50 });
  await redis.startAgain();
  await until("both have joined", () => a.membership.isJoined && b.membership.isJoined);
  await until("b knows what was saved meanwhile", () => b.find("dj")?.mediaSequence === 50);
  assert.equal(b.ownerOf("dj")?.id, "a");
  assert.equal((await b.claim("dj")).kind, "taken");
});

Deno.test("after FLUSHALL everything is there again, and nothing was gone", async () => {
  await using redis = await RedisServer.start();
  await using boxes = await Boxes.start(redis.url, "a", "b");
  const [a, b] = boxes.all;
  for (let i = 0; i < 100; i++) await owned(a, `dj${i}`);
  await until("b knows the names", () => b.ownerOf("dj99")?.id === "a");
  let isGone = false;
  b.onChange(() => isGone ||= b.ownerOf("dj7") === undefined);
  await redis.ask("FLUSHALL");
  await using more = await Boxes.start(redis.url, "c");
  const [c] = more.all;
  await until("a box that starts knows all of it", () => {
    return c.boxes.length === 3 && c.find("dj99")?.mediaSequence === 40;
  });
  assert.equal(isGone, false);
  assert.ok(a.membership.isJoined && a.owns("dj99"));
});

Deno.test("a Redis that stands still makes nobody wait, and is used again when it goes on", async () => {
  await using redis = await RedisServer.start();
  await using boxes = await Boxes.start(redis.url, "a", "b");
  const [a, b] = boxes.all;
  await owned(a, "dj");
  await until("b knows the name", () => b.ownerOf("dj")?.id === "a");
  Deno.kill(redis.pid, "SIGSTOP");
  const late = a.claim("late");
  await assert.rejects(late, { name: "RegistryUnavailable" });
  assert.equal(b.ownerOf("dj")?.id, "a");
  await until("both are alone", () => !a.membership.isJoined && !b.membership.isJoined);
  await assert.rejects(a.claim("dj2"), /This box is alone/, "it is refused without asking");
  await using waiting = await Boxes.start(redis.url, "c");
  assert.ok(!waiting.all[0].membership.isJoined, "and the start does not wait for it");
  Deno.kill(redis.pid, "SIGCONT");
  await until("all have joined", () =>
    [...boxes.all, ...waiting.all].every((box) => {
      return box.membership.isJoined && box.boxes.length === 3;
    }));
  const claimed = await b.claim("late");
  assert.equal(
    claimed.kind === "granted" && claimed.own.epoch,
    1,
    "what nobody waits for any more is not granted later",
  );
});

Deno.test("CLIENT PAUSE costs no more than a stop of Redis does", async () => {
  await using redis = await RedisServer.start();
  await using boxes = await Boxes.start(redis.url, "a", "b");
  const [a, b] = boxes.all;
  await owned(a, "dj");
  await until("b knows the name", () => b.ownerOf("dj")?.id === "a");
  await redis.ask("CLIENT", "PAUSE", "4000", "ALL");
  await assert.rejects(a.claim("late"), { name: "RegistryUnavailable" });
  await until("both are alone", () => !a.membership.isJoined && !b.membership.isJoined);
  await until("both have joined", () => a.membership.isJoined && b.membership.isJoined);
  const claimed = await b.claim("late");
  assert.equal(claimed.kind === "granted" && claimed.own.epoch, 1);
  assert.equal(b.ownerOf("dj")?.id, "a");
});

Deno.test("where another Redis takes over, boxes find it by the Sentinels, and save what they own", async () => {
  await using sentinels = await RedisSentinels.start();
  await using boxes = await Boxes.start(sentinels.url, "a", "b");
  const [a, b] = boxes.all;
  await owned(a, "dj");
  await until("b knows the name", () => b.ownerOf("dj")?.id === "a");
  await using wrong = await Boxes.start(sentinels.url.replace(/[^/]+$/, "other"), "c");
  await until("it is said that they know no such Redis", () => {
    return /The Sentinel at 127\.0\.0\.1 knows no other/.test(problemOf(wrong.all[0]));
  });
  const failedOver = sentinels.failOver();
  await until("both are alone", () => !a.membership.isJoined && !b.membership.isJoined);
  a.save({ ...await record(a, "dj"), mediaSequence: 50 });
  await failedOver;
  await until("both have joined", () => a.membership.isJoined && b.membership.isJoined);
  await until("b knows what was saved meanwhile", () => b.find("dj")?.mediaSequence === 50);
  assert.equal((await b.claim("dj")).kind, "taken");
});

Deno.test("a password and a database are used, and a wrong one is said without being shown", async () => {
  await using log = await LogRecorder.start();
  await using redis = await RedisServer.start();
  await redis.ask("CONFIG", "SET", "requirepass", "s3cret/@");
  const url = (password: string) => redis.url.replace("//", `//:${password}@`) + "/3";
  await using boxes = await Boxes.start(url("s3cret%2F%40"), "a");
  await until("the box has joined", () => boxes.all[0].membership.isJoined);
  await using wrong = await Boxes.start(url("hush"), "b");
  await until("it is said that it is wrong", () => /WRONGPASS/.test(problemOf(wrong.all[0])));
  assert.deepEqual(log.matching(/hush|s3cret/), []);
});

Deno.test("scripts are told to Redis again where it has lost them", async () => {
  await using redis = await RedisServer.start();
  await using registry = disposable(openRegistry(redis.url));
  await registry.value.beat(boxRecord("a"), 0);
  await redis.ask("SCRIPT", "FLUSH");
  assert.equal((await registry.value.beat(boxRecord("a"), 0)).kind, "joined");
});

Deno.test("records that cannot be read are left out, and said", async () => {
  await using log = await LogRecorder.start();
  await using redis = await RedisServer.start();
  await using registry = disposable(openRegistry(redis.url));
  await registry.value.beat(boxRecord("a"), 0);
  await registry.value.beat(boxRecord("b"), 0);
  await registry.value.claim("dj1", boxRecord("a"));
  await registry.value.claim("dj2", boxRecord("a"));
  await redis.ask("HSET", "{echo}:b:b", "record", '{"id":"b"}');
  await redis.ask("HSET", "{echo}:n:dj1", "rest", "none");
  const { boxes, names } = await registry.value.changes(0);
  assert.deepEqual(boxes.map(({ id }) => id), ["a"]);
  assert.deepEqual(names.map(({ name }) => name), ["dj2"]);
  assert.equal(log.matching(/^warning Cannot read the record of/).length, 2);
});

Deno.test("without boxes and names everything expires", async () => {
  await using redis = await RedisServer.start();
  await using registry = disposable(openRegistry(redis.url));
  await registry.value.beat(boxRecord("a"), 0);
  await registry.value.claim("dj", boxRecord("a"));
  const [box, name] = await Promise.all(["{echo}:b:a", "{echo}:n:dj"].map((key) => {
    return redis.ask("PTTL", key);
  }));
  assert.ok(Number(box) > 0 && Number(box) <= 6000);
  assert.ok(Number(name) > 86_000_000 && Number(name) <= 86_400_000);
});

/** Boxes of one fleet, each with a connection of its own. */
class Boxes<T extends readonly Member[]> implements AsyncDisposable {
  private constructor(readonly all: T) {}

  static async start<I extends readonly string[]>(
    url: string,
    ...ids: I
  ): Promise<Boxes<{ [K in keyof I]: Member }>> {
    const members = await Promise.all(ids.map(async (id) => {
      const { load, state: _, alike, ...facts } = boxRecord(id);
      const registry = openRegistry(url);
      const member = new Member({ clock: systemClock, registry, facts, load: () => load });
      await member.start(alike);
      return member;
    }));
    // Sound: there is one for each id.
    return new Boxes(members as unknown as { [K in keyof I]: Member });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.all) await member.stop();
  }
}

async function owned(member: Member, name: string): Promise<void> {
  await until(`${member.box} has joined`, () => member.membership.isJoined);
  assert.equal((await member.claim(name)).kind, "granted");
  member.save({ ...await record(member, name), mediaSequence: 40 });
}

async function record(member: Member, name: string) {
  return await until(`${member.box} knows ${name}`, () => member.find(name));
}

function problemOf({ membership }: Member): string {
  return membership.problem ?? "";
}

function disposable<T extends { close(): Promise<void> }>(value: T) {
  return { value, [Symbol.asyncDispose]: () => value.close() };
}
