import assert from "node:assert/strict";
import { Hono } from "hono";
import { authorization } from "../../src/stat/authorization.ts";

async function statusOf(
  token: string | undefined,
  headers: Record<string, string>,
  hostname = "192.0.2.7",
): Promise<number> {
  const app = new Hono();
  app.use(authorization(token));
  app.get("/", (c) => c.text("secret"));
  const info = { remoteAddr: { transport: "tcp", hostname, port: 1 } };
  return (await app.request("/", { headers }, info)).status;
}

Deno.test("who holds the token is let in, from anywhere", async () => {
  assert.equal(await statusOf("secret", { Authorization: "Bearer secret" }), 200);
  assert.equal(await statusOf("secret", { Authorization: "bearer  secret" }), 200);
});

Deno.test("nobody else is, where there is a token", async () => {
  for (const header of ["", "Bearer", "Bearer secre", "Bearer secrets", "Basic secret", "secret"]) {
    assert.equal(await statusOf("secret", { Authorization: header }, "127.0.0.1"), 401, header);
  }
  assert.equal(await statusOf("secret", {}, "127.0.0.1"), 401);
});

Deno.test("without a token, clients on this box are let in", async () => {
  for (const local of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
    assert.equal(await statusOf(undefined, {}, local), 200, local);
  }
  for (const other of ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "::", "1127.0.0.1", ""]) {
    assert.equal(await statusOf(undefined, {}, other), 401, other);
    assert.equal(await statusOf(undefined, { Authorization: "Bearer " }, other), 401, other);
  }
});

Deno.test("clients of a proxy on this box are not on this box", async () => {
  for (const name of ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"]) {
    assert.equal(await statusOf(undefined, { [name]: "127.0.0.1" }, "127.0.0.1"), 401, name);
  }
});

Deno.test("a request that came by no socket is not let in", async () => {
  const app = new Hono();
  app.use(authorization(undefined));
  assert.equal((await app.request("/")).status, 401);
});
