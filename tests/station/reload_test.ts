/** How new values are put into force. */
import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { applyNothing, prepareAll, type Reload } from "../../src/station/reload.ts";

const { config: VALUES } = loadConfig({ STAT_TOKEN: "t0ken" });

Deno.test("new values are applied once all of them are known to be usable", async () => {
  const done: string[] = [];
  const file = async () => {
    await Promise.resolve();
    done.push("the file is read");
    return () => void done.push("the file is applied");
  };
  const token: Reload = ({ stat }) => {
    done.push("the token is seen");
    return () => void done.push(`${stat.token} is applied`);
  };
  const reloads = { auth: { htpasswdFile: file, bearerToken: applyNothing }, stat: { token } };
  const apply = await prepareAll(reloads, VALUES);
  assert.deepEqual(done.splice(0), ["the file is read", "the token is seen"]);
  apply();
  assert.deepEqual(done, ["the file is applied", "t0ken is applied"]);
});

Deno.test("variables that have the same function are applied once, together", async () => {
  let times = 0;
  const rules = () => () => void times++;
  const apply = await prepareAll({ record: { maxAgeMs: rules, maxBytes: rules } }, VALUES);
  apply();
  assert.equal(times, 1);
});

Deno.test("where values cannot be used each is told, and nothing is applied", async () => {
  const done: string[] = [];
  const pair = () => Promise.reject(new Error("the certificate has expired"));
  const token = () => {
    done.push("the token is seen");
    return () => void done.push("the token is applied");
  };
  const hook = () => Promise.reject(new Error("it cannot be read"));
  await assert.rejects(
    prepareAll({ tls: { pair }, stat: { token }, hook: { url: hook } }, VALUES),
    (error) => {
      assert.ok(error instanceof AggregateError);
      const messages = error.errors.map((one) => one.message);
      assert.deepEqual(messages, ["the certificate has expired", "it cannot be read"]);
      return true;
    },
  );
  assert.deepEqual(done, ["the token is seen"]);
});
