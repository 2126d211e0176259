/** Who may call the control API, for each kind of credentials. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import bcrypt from "bcryptjs";
import { Authorizer, type Credentials, loadCredentials } from "../../src/control/authorization.ts";
import type { Asker, PasswordCheck } from "../../src/passwords/password_check.ts";
import { ControlError } from "../../src/control/control_error.ts";
import { HtpasswdError } from "../../src/control/htpasswd.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { type Api, publishBody, setUpApi } from "../../testing/control/control_api.ts";
import { until } from "../../testing/until.ts";

const ANNA = bcrypt.hashSync("anna's", 4);
const COSTLY = bcrypt.hashSync("björn's", 5);
const CREDENTIALS: Credentials = {
  users: new Map([["anna", ANNA], ["björn", COSTLY]]),
  bearerToken: "t0ken",
};

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** Checks at once, by text, and writes down what it was asked. */
class FakePasswords implements PasswordCheck {
  prepared = false;
  readonly asked: [password: string, hash: string][] = [];
  readonly askers: Asker[] = [];
  verify(password: string, hash: string, asker: Asker): Promise<boolean> {
    this.asked.push([password, hash]);
    this.askers.push(asker);
    return Promise.resolve(password === `of ${hash}` || password === "any");
  }
  prepare(): void {
    this.prepared = true;
  }
  close(): void {}
}

function setUp(credentials: Credentials = CREDENTIALS, mode: "open" | "key" = "key") {
  const clock = new FakeClock();
  const passwords = new FakePasswords();
  const authorizer = new Authorizer({ mode, credentials, clock, passwords });
  const status = async (header: string | undefined, address = "192.0.2.1") => {
    try {
      await authorizer.check(header, { name: "demo", address });
      return 200;
    } catch (error) {
      assert.ok(error instanceof ControlError);
      return error.status;
    }
  };
  return { clock, passwords, authorizer, status };
}

Deno.test("checking passwords is prepared where there are some, and only there", () => {
  assert.equal(setUp("any").passwords.prepared, false);
  assert.equal(setUp(CREDENTIALS, "open").passwords.prepared, false);
  const { passwords, authorizer } = setUp({ ...CREDENTIALS, users: new Map() });
  assert.equal(passwords.prepared, false);
  authorizer.replace(CREDENTIALS);
  assert.equal(passwords.prepared, true);
});

Deno.test("in open mode nothing has to be shown", async () => {
  const { status } = setUp(CREDENTIALS, "open");
  for (const header of [undefined, "Bearer wrong", "nonsense"]) {
    assert.equal(await status(header), 200);
  }
});

Deno.test("where any credentials will do, they still have to be there", async () => {
  const { status, passwords } = setUp("any");
  for (const header of ["Bearer x", "Basic eDp5", "bearer  x"]) {
    assert.equal(await status(header), 200, header);
  }
  for (const header of [undefined, "", "Bearer", "Bearer ", "Digest x", "Bearer x y", "x"]) {
    assert.equal(await status(header), 401, header);
  }
  assert.deepEqual(passwords.asked, []);
});

Deno.test("a bearer token has to be the one that is configured", async () => {
  const { status } = setUp();
  assert.equal(await status("Bearer t0ken"), 200);
  assert.equal(await status("bearer t0ken"), 200);
  for (const token of ["t0keN", "t0ke", "t0kenn", "x"]) {
    assert.equal(await status(`Bearer ${token}`), 401, token);
  }
});

Deno.test("what is not configured lets nobody in", async () => {
  const none = setUp({ users: new Map(), bearerToken: undefined });
  assert.equal(await none.status("Bearer undefined"), 401);
  assert.equal(await none.status(basic("anna", "any")), 401);
  assert.deepEqual(none.passwords.asked, []);
  const usersOnly = setUp({ users: new Map([["anna", "a"]]), bearerToken: undefined });
  assert.equal(await usersOnly.status("Bearer t0ken"), 401);
});

Deno.test("a user has to have the right password", async () => {
  const { status, passwords } = setUp({
    users: new Map([["anna", "a"], ["b", "b"]]),
    bearerToken: undefined,
  });
  assert.equal(await status(basic("anna", "of a")), 200);
  assert.equal(await status(basic("anna", "of b")), 401);
  assert.equal(await status(basic("Anna", "of a")), 401);
  assert.equal(await status(basic("b", "x:y")), 401);
  assert.deepEqual(passwords.asked.at(-1), ["x:y", "b"], "a password may have colons");
  for (const header of ["Basic !", `Basic ${btoa("anna")}`, "Basic "]) {
    assert.equal(await status(header), 401, header);
  }
});

Deno.test("an unknown user costs as much as the costliest that is known, and never gets in", async () => {
  const { status, passwords } = setUp();
  assert.equal(await status(basic("nobody", "any")), 401);
  assert.equal(await status(basic("nobody", "any")), 401);
  assert.deepEqual(passwords.asked, [["any", COSTLY], ["any", COSTLY]]);
});

Deno.test("what was good is good for five minutes without another check", async () => {
  const { status, passwords, clock } = setUp();
  const anna = basic("anna", `of ${ANNA}`);
  assert.equal(await status(anna), 200);
  await clock.advance(299_000);
  assert.equal(await status(anna), 200);
  assert.equal(passwords.asked.length, 1);
  assert.equal(await status(basic("anna", "of another")), 401);
  assert.equal(await status(basic("anna", "of another")), 401);
  assert.equal(passwords.asked.length, 3, "what was bad is checked again");
  await clock.advance(1000);
  assert.equal(await status(anna), 200);
  assert.equal(passwords.asked.length, 4);
});

Deno.test("a thousand good credentials are remembered, the oldest go", async () => {
  const users = new Map(Array.from({ length: 1001 }, (_, i) => [`user${i}`, "h"]));
  const { status, passwords } = setUp({ users, bearerToken: undefined });
  for (const user of users.keys()) assert.equal(await status(basic(user, "of h")), 200);
  assert.equal(await status(basic("user1000", "of h")), 200);
  assert.equal(await status(basic("user1", "of h")), 200);
  assert.equal(passwords.asked.length, 1001);
  assert.equal(await status(basic("user0", "of h")), 200);
  assert.equal(passwords.asked.length, 1002);
});

Deno.test("other credentials count as soon as they are there, even for a check under way", async () => {
  const { status, passwords, authorizer } = setUp();
  const anna = basic("anna", "any");
  const underWay = status(anna);
  authorizer.replace({ users: new Map([["anna", "new"]]), bearerToken: "new" });
  assert.equal(await underWay, 200);
  await status(anna);
  assert.deepEqual(passwords.asked.map(([, hash]) => hash), [ANNA, "new"], "nothing is remembered");
  assert.equal(await status("Bearer t0ken"), 401);
  assert.equal(await status("Bearer new"), 200);
});

Deno.test("a publish needs credentials in every mode but open, the other calls the cookie", async () => {
  const api = setUpApi({ auth: "key", credentials: CREDENTIALS });
  try {
    const ask = async (header: string | undefined) =>
      await api.request("POST", "/echo/4/publish/demo", {
        body: publishBody(),
        headers: header === undefined ? {} : { Authorization: header },
      });
    for (
      const header of [
        undefined,
        "Bearer wrong",
        basic("anna", "wrong"),
        basic("nobody", "anna's"),
        "Digest username=anna",
      ]
    ) {
      const answer = await ask(header);
      assert.equal(answer.status, 401, header);
      assert.match(answer.headers.get("WWW-Authenticate") ?? "", /^Basic realm="Echo".*Bearer$/);
      assert.deepEqual(await answer.json(), { code: 401, message: "unauthorized" });
      assert.equal(api.sessions.sessions.length, 0);
    }
    for (const header of ["Bearer t0ken", basic("anna", "anna's"), basic("björn", "björn's")]) {
      const answer = await ask(header);
      assert.equal(answer.status, 200, header);
      const cookie = answer.headers.get("Set-Cookie")?.split(";")[0] ?? "";
      assert.equal((await api.request("GET", "/echo/4/state", { cookie })).status, 200);
    }
  } finally {
    api.authorizer.close();
  }
});

/** Publishes with a password, from an address. @returns the status */
async function publishBy(api: Api, user: string, password: string, from?: string): Promise<number> {
  const headers = { Authorization: basic(user, password) };
  const request = { body: publishBody(), headers, ...(from === undefined ? {} : { from }) };
  const answer = await api.request("POST", "/echo/4/publish/demo", request);
  await answer.body?.cancel();
  return answer.status;
}

Deno.test("whatever wrong passwords wait to be checked, a DJ's is checked too", async () => {
  const api = setUpApi({ auth: "key", credentials: CREDENTIALS });
  try {
    const wrong = Array.from({ length: 8 }, (_, i) => publishBy(api, "anna", `wrong ${i}`));
    const same = publishBy(api, "anna", "anna's");
    assert.equal(await publishBy(api, "björn", "björn's", "192.0.2.9"), 200);
    assert.equal(await same, 200, "also from the same address");
    assert.deepEqual(new Set(await Promise.all(wrong)), new Set([401]));
  } finally {
    api.authorizer.close();
  }
});

Deno.test("an address with too many passwords to check is answered 503, and no other one", async () => {
  const api = setUpApi({ auth: "key", credentials: CREDENTIALS });
  try {
    const guesses = Array.from({ length: 17 }, (_, i) => publishBy(api, "anna", `wrong ${i}`));
    const honest = publishBy(api, "björn", "björn's");
    let statuses: number[] = [];
    void Promise.all([...guesses, honest]).then((all) => statuses = all);
    await until("all are answered, some of them late", async () => {
      await api.clock.advance(1000);
      return statuses.length > 0;
    });
    assert.equal(statuses.filter((status) => status === 503).length, 2);
    assert.equal(statuses.at(-1), 200, "another user's is not given up");
    const answer = await api.request("POST", "/echo/4/publish/demo", {
      body: publishBody(),
      headers: { Authorization: basic("anna", "anna's") },
    });
    assert.equal(answer.status, 200);
  } finally {
    api.authorizer.close();
  }
});

Deno.test("what was right within a day is checked first, until the passwords change", async () => {
  const { status, passwords, authorizer, clock } = setUp();
  const anna = basic("anna", `of ${ANNA}`);
  for (const minutes of [0, 6, 23 * 60, 25 * 60]) {
    await clock.advance(minutes * 60_000);
    assert.equal(await status(anna, "192.0.2.5"), 200);
  }
  await clock.advance(6 * 60_000);
  authorizer.replace(CREDENTIALS);
  assert.equal(await status(anna), 200);
  assert.deepEqual(passwords.askers.map(({ wasRight }) => wasRight), [
    ...[false, true, true],
    ...[false, false],
  ]);
  assert.deepEqual(passwords.askers[0], { address: "192.0.2.5", user: "anna", wasRight: false });
  await status(basic("nobody", "x"));
  assert.equal(passwords.askers.at(-1)?.user, undefined);
});

Deno.test("what is shown several times at once is checked once", async () => {
  const { status, passwords } = setUp();
  const anna = basic("anna", `of ${ANNA}`);
  const statuses = await Promise.all(Array.from({ length: 50 }, () => status(anna)));
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal(passwords.asked.length, 1);
});

for (const wrong of ["Bearer wrong", basic("anna", "wrong")]) {
  const scheme = wrong.split(" ")[0];
  Deno.test(`who guesses by ${scheme} is refused late, and what is right is let in at once`, async () => {
    const { status, clock } = setUp();
    for (let i = 0; i < 10; i++) assert.equal(await status(wrong), 401);
    const refused = status(wrong);
    await clock.advance(0);
    assert.equal(clock.timerCount, 1, "it is held back");
    assert.equal(await status("Bearer t0ken"), 200);
    assert.equal(await status(basic("anna", `of ${ANNA}`)), 200);
    assert.equal(await status(wrong, "192.0.2.2"), 401);
    await clock.advance(1000);
    assert.equal(await refused, 401);
    assert.equal(clock.timerCount, 0);
  });
}

Deno.test("the log tells who ends a broadcast and who may not publish, and no secret", async () => {
  const records: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { memory: (record) => records.push(record) },
    loggers: [
      { category: ["echo"], sinks: ["memory"], lowestLevel: "trace" },
      { category: ["logtape", "meta"], lowestLevel: null },
    ],
  });
  const api = setUpApi({ auth: "key", credentials: CREDENTIALS });
  try {
    const secrets = ["t0ken", "wr0ng", "anna's"];
    for (const header of ["Bearer t0ken", "Bearer wr0ng", basic("anna", "anna's")]) {
      const headers = { Authorization: header };
      const answer = await api.request("POST", "/echo/4/publish/demo", {
        body: publishBody(),
        headers,
      });
      secrets.push(header, header.slice(header.indexOf(" ") + 1));
      if (answer.status !== 200) continue;
      const cookie = answer.headers.get("Set-Cookie")?.split(";")[0] ?? "";
      secrets.push(cookie.slice(-43), (await answer.json()).publish.rtmp.name);
      await api.request("POST", "/echo/3/teardown", { cookie });
    }
    assert.deepEqual(records.map(({ level, rawMessage }) => [level, rawMessage]), [
      ["info", "{client} ended it: {message} ({code})"],
      ["warning", "{client} may not publish: {message}"],
      ["info", "{client} ended it: {message} ({code})"],
    ]);
    const text = JSON.stringify(records);
    for (const secret of secrets) assert.ok(!text.includes(secret));
  } finally {
    api.authorizer.close();
    await reset();
  }
});

Deno.test("credentials are what is configured, and any only where nothing is", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `anna:${ANNA}\n`);
    const none = { htpasswdFile: undefined, bearerToken: undefined, anyCredentials: false };
    assert.deepEqual(await loadCredentials(none), { users: new Map(), bearerToken: undefined });
    assert.equal(await loadCredentials({ ...none, anyCredentials: true }), "any");
    const token = { ...none, anyCredentials: true, bearerToken: "t0ken" };
    assert.deepEqual(await loadCredentials(token), { users: new Map(), bearerToken: "t0ken" });
    const users = { ...none, anyCredentials: true, htpasswdFile: file };
    assert.deepEqual(await loadCredentials(users), {
      users: new Map([["anna", ANNA]]),
      bearerToken: undefined,
    });
    await Deno.writeTextFile(file, "anna:{SHA}x\n");
    await assert.rejects(loadCredentials(users), HtpasswdError);
    await Deno.remove(file);
    await assert.rejects(
      loadCredentials(users),
      (error) =>
        error instanceof HtpasswdError && error.message.startsWith(`Cannot read ${file}: `),
    );
  } finally {
    await Deno.remove(file).catch(() => "gone already");
  }
});
