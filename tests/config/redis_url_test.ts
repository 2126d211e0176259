/** Where a Redis is, as URLs tell it. */
import assert from "node:assert/strict";
import { redisUrl } from "../../src/config/redis_url.ts";
import { KEY, load, refusalOf } from "../../testing/config/environments.ts";

const PLAIN = {
  masterName: undefined,
  tls: false,
  username: undefined,
  password: undefined,
  database: 0,
};

Deno.test("a Redis is named by its host, with port, user, password and database where told", () => {
  const redis = [{ hostname: "redis.example", port: 6379 }];
  assert.deepEqual(redisUrl.parse("redis://redis.example"), { ...PLAIN, hosts: redis });
  assert.deepEqual(redisUrl.parse("redis://redis.example/"), { ...PLAIN, hosts: redis });
  assert.deepEqual(redisUrl.parse("rediss://dj:p%40ss@[::1]:7000/3"), {
    hosts: [{ hostname: "::1", port: 7000 }],
    masterName: undefined,
    tls: true,
    username: "dj",
    password: "p@ss",
    database: 3,
  });
  assert.equal(redisUrl.parse("redis://:secret@10.0.0.1")?.password, "secret");
});

Deno.test("Sentinels are named with the name that they have for the Redis", () => {
  assert.deepEqual(redisUrl.parse("redis+sentinel://:pw@a.example,10.0.0.2:7000/main"), {
    ...PLAIN,
    hosts: [{ hostname: "a.example", port: 26_379 }, { hostname: "10.0.0.2", port: 7000 }],
    masterName: "main",
    password: "pw",
  });
  assert.equal(redisUrl.parse("redis+sentinel://a/main/2")?.database, 2);
});

Deno.test("what is no URL of a Redis stops the start, and its password is not shown", () => {
  for (
    const text of [
      ...["http://a", "redis://", "redis://a,b", "redis://a/b", "redis://a:0", "redis://a:x"],
      ...["redis+sentinel://a", "redis+sentinel://a/", "redis+sentinel://a,/main", "redis://a b"],
      ...["redis://%:hush@a", "redis://:hush@a/hush"],
    ]
  ) {
    const refusal = refusalOf({ ECHO_REDIS_URL: text });
    assert.match(refusal, /^Cannot parse ECHO_REDIS_URL: expected redis:/, text);
    assert.ok(!refusal.includes("hush"));
  }
});

Deno.test("a URL, written and read again, is the same", () => {
  for (
    const text of [
      ...["redis://a", "rediss://dj:p%40s%2Fs@[::1]:7000/3", "redis://:pw@a"],
      ...["redis+sentinel://:pw@a,b:7/main/2", "redis://user@a"],
    ]
  ) {
    const place = redisUrl.parse(text);
    assert.ok(place !== undefined);
    assert.deepEqual(redisUrl.parse(redisUrl.format(place)), place);
  }
});

Deno.test("a box has a name of its own by its address, or the one that it is given", () => {
  const at = (addr: string) => load({ ECHO_PRIV_KEY: KEY, ECHO_FLEET_ADDR: addr }).fleet.box;
  assert.match(at("10.0.0.2:5022"), /^[0-9a-f]{8}$/);
  assert.notEqual(at("10.0.0.2:5022"), at("10.0.0.3:5022"));
  assert.equal(load({ ECHO_BOX: "north1" }).fleet.box, "north1");
  for (const box of ["North", "a-b", "a".repeat(17)]) {
    assert.match(refusalOf({ ECHO_BOX: box }), /expected 1 to 16 of a-z and 0-9/);
  }
  assert.deepEqual(load({ ECHO_SRT_PRIV_IP: "fd00::1" }).fleet.addr, {
    hostname: "fd00::1",
    port: 5022,
  });
});
