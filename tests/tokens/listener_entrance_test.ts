/** Holds the door for listeners to its rules, with whatever routes stand behind it. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import fc from "fast-check";
import { refusalPage } from "../../src/pages/listener/refusal_page.ts";
import { KeySetCopy } from "../../src/tokens/key_set_copy.ts";
import {
  ListenerEntrance,
  type ListenerEntranceOptions,
} from "../../src/tokens/listener_entrance.ts";
import { TokenVerifier } from "../../src/tokens/token_verifier.ts";
import { withServerHeader } from "../../src/web/web_server.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { FakeKeySource, Issuer, keySetOf } from "../../testing/tokens/issuer.ts";

const SECRET = "0123456789abcdef";

/** Routes that answer everything with what they see of the request. */
function setUp(
  options: Partial<ListenerEntranceOptions> & { readonly keys?: FakeKeySource } = {},
) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const issuer = new Issuer();
  const keys = options.keys ?? new FakeKeySource(issuer);
  const tokens = new TokenVerifier({ clock, keys, issuer: undefined, audience: undefined });
  const entrance = new ListenerEntrance({
    ...{ clock, path: "cast", others: ["prerole"], open: "~assets", common: "~prerole" },
    ...{ tokens, originSecret: undefined, page: refusalPage },
    ...options,
  });
  const seen: string[] = [];
  const routes = new Hono();
  routes.all("*", (c) => {
    seen.push(c.req.path);
    return c.text(c.req.path, 200, { "Cache-Control": "max-age=1" });
  });
  const app = withServerHeader(routes, ["echo", "hls"], [entrance.guard], entrance.getPath);
  const ask = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
    const response = await app.request(path, { method, headers });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  };
  const tokenFor = (...names: readonly string[]) =>
    issuer.token(names.map((name) => ({ action: "listen", name })));
  return { app, ask, clock, entrance, issuer, keys, seen, tokenFor };
}

Deno.test("a token opens all that is below the names that it is for", async () => {
  const { ask, tokenFor } = setUp();
  const token = tokenFor("dj1", "night*");
  for (
    const path of [
      "dj1/",
      "dj1",
      "dj1/playlist.m3u8",
      "dj1/low.m3u8?_HLS_msn=4&_HLS_part=1",
      "dj1/7-1700000000.3.m4s",
      "dj1/show/0-5.m4s",
      "dj1/events",
      "dj1/status.json",
      "night_shift/playlist.m3u8",
    ]
  ) {
    const { status, text, headers } = await ask(`/cast/~${token}/${path}`);
    assert.deepEqual([status, text], [200, `/cast/${path.split("?")[0]}`]);
    assert.equal(headers.get("Cache-Control"), "private, max-age=1");
    assert.equal(headers.get("Referrer-Policy"), "no-referrer");
  }
});

Deno.test("without a token, or with another name's, everything answers 403 and says so", async () => {
  const { ask, issuer, seen, tokenFor } = setUp();
  const other = tokenFor("dj2");
  const publisher = issuer.token([{ action: "publish", name: "dj1" }]);
  const cases: readonly (readonly [string, RegExp])[] = [
    ["/cast/dj1/playlist.m3u8", /a token is needed: \/cast\/~TOKEN\/NAME\//],
    ["/cast/dj1/", /a token is needed/],
    ["/cast/dj1", /a token is needed/],
    ["/cast/", /a token is needed/],
    ["/cast", /a token is needed/],
    ["/prerole/jingle.ts", /a token is needed/],
    [`/prerole/~${other}/jingle.ts`, /a token is needed/],
    [`/cast/~${other}/dj1/playlist.m3u8`, /does not allow to listen to this/],
    [`/cast/~${other}/dj1/`, /does not allow/],
    [`/cast/~${other}/dj22/`, /does not allow/],
    [`/cast/~${other}/`, /does not allow/],
    [`/cast/~${other}`, /does not allow/],
    [`/cast/~${publisher}/dj1/playlist.m3u8`, /does not allow/],
    ["/cast/~x/dj1/playlist.m3u8", /it is no token/],
    ["/cast/~/dj1/playlist.m3u8", /it is no token/],
    ["/cast/~assets/../dj1/playlist.m3u8", /a token is needed/],
    ["/cast/~assets", /it is no token/],
    [`/cast/~${other}/dj2/../dj1/playlist.m3u8`, /does not allow/],
    [`/cast/~${other}/dj2%2f..%2fdj1/playlist.m3u8`, /does not allow/],
    [`/cast/~${other}//dj1/playlist.m3u8`, /does not allow/],
    [`/cast/~${other}/%64j1/playlist.m3u8`, /does not allow/],
    [`/cast/~${other}/%2564j2/playlist.m3u8`, /does not allow/],
    [`/cast/~${other}/~${other}/dj2/playlist.m3u8`, /does not allow/],
  ];
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    for (const [path, words] of cases) {
      const { status, text, headers } = await ask(path, {}, method);
      assert.equal(status, 403, `${method} ${path}`);
      if (method === "GET") assert.match(text, words, path);
      assert.ok(!text.includes(other));
      assert.equal(headers.get("Cache-Control"), "no-store");
      assert.equal(headers.get("Access-Control-Allow-Origin"), "*");
    }
  }
  assert.deepEqual(seen, []);
});

Deno.test("whatever a path is, no name is opened that the token is not for", async () => {
  const after = (_ms: number, callback: () => void) => {
    callback();
    return { cancel: () => {} };
  };
  const { ask, seen, tokenFor } = setUp({ clock: { monotonic: () => 0, after } });
  const token = tokenFor("dj2");
  const part = fc.constantFrom(
    ...["dj1", "dj2", "%64j1", "%2e%2e", "..", ".", "", "~assets", "~prerole", `~${token}`],
    ...["cast", "%2f", "%5c", "dj2%2fdj1", "dj1%00", "prerole", "a.ts", ";", "%7Eassets"],
  );
  const path = fc.array(part, { maxLength: 6 }).map((parts) => `/cast/${parts.join("/")}`);
  await fc.assert(
    fc.asyncProperty(path, async (path) => {
      seen.length = 0;
      const { status } = await ask(path);
      // What the route sees and would take for a name, and what else is open.
      const name = /^\/cast\/([^/]*)/.exec(decodeURIComponent(seen[0] ?? ""))?.[1];
      const isOpen = status === 403 || !/^\/(?:cast|prerole)(?:\/|$)/.test(seen[0] ?? "");
      assert.ok(isOpen || ["dj2", "~assets", "~prerole"].includes(name ?? ""), `${path}: ${seen}`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("what pages load is open to all, and is never taken for a token", async () => {
  const { ask, tokenFor } = setUp();
  assert.equal((await ask("/cast/~assets/1/player.js")).text, "/cast/~assets/1/player.js");
  const { text, headers } = await ask(`/cast/~${tokenFor("dj1")}/~assets/1/player.js`);
  assert.equal(text, "/cast/~assets/1/player.js");
  assert.equal(headers.get("Cache-Control"), "max-age=1");
  assert.equal((await ask("/")).text, "/");
});

Deno.test("who may listen to anything gets the preroll", async () => {
  const { ask, issuer, tokenFor } = setUp();
  const { status, text } = await ask(`/cast/~${tokenFor("dj1")}/~prerole/jingle.ts`);
  assert.deepEqual([status, text], [200, "/cast/~prerole/jingle.ts"]);
  const publisher = issuer.token([{ action: "publish", name: "*" }]);
  assert.equal((await ask(`/cast/~${publisher}/~prerole/jingle.ts`)).status, 403);
  assert.equal((await ask("/cast/~prerole/jingle.ts")).status, 403);
});

Deno.test("a token that has expired is refused at its next use, prepared or not", async () => {
  const { ask, clock, entrance, issuer } = setUp();
  const exp = clock.now() / 1000 + 60;
  const token = issuer.token([{ action: "listen", name: "dj1" }], { claims: { exp } });
  const target = `/cast/~${token}/dj1/playlist.m3u8`;
  assert.equal(entrance.passed(target), undefined, "nobody has checked it yet");
  assert.equal((await ask(target)).status, 200);
  assert.equal(entrance.passed(target), "/cast/dj1/playlist.m3u8");
  assert.equal(entrance.passed(`/cast/~${token}/dj2/playlist.m3u8`), undefined);
  assert.equal(entrance.passed("/cast/dj1/playlist.m3u8"), undefined);
  clock.setWall(clock.now() + 65_000);
  assert.equal(entrance.passed(target), undefined);
  const { status, text } = await ask(target);
  assert.equal(status, 403);
  assert.match(text, /the token has expired/);
});

Deno.test("where there are no keys, it says that it cannot tell", async () => {
  const { ask, tokenFor } = setUp({ keys: new FakeKeySource() });
  assert.equal((await ask(`/cast/~${tokenFor("dj1")}/dj1/`)).status, 503);
});

Deno.test("wrong tokens come back late from the eleventh on, and right ones at once", async () => {
  const { app, clock, tokenFor } = setUp();
  const info = { remoteAddr: { transport: "tcp", hostname: "198.51.100.7", port: 1 } };
  const ask = async (token: string) => (await app.request(`/cast/~${token}/dj1/`, {}, info)).status;
  for (let i = 0; i < 10; i++) assert.equal(await ask("wrong"), 403);
  let late: number | undefined;
  const asked = ask("wrong").then((status) => late = status);
  assert.equal(await ask(tokenFor("dj1")), 200);
  assert.equal(late, undefined);
  await clock.advance(1000);
  await asked;
  assert.equal(late, 403);
});

Deno.test("only a CDN that shows the secret is served where there is one", async () => {
  const { ask, entrance } = setUp({ tokens: undefined, originSecret: SECRET });
  for (const path of ["/cast/dj1/playlist.m3u8", "/cast/dj1/", "/prerole/jingle.ts"]) {
    for (const shown of [{}, { "X-Echo-Origin": "" }, { "X-Echo-Origin": `${SECRET}0` }]) {
      const { status, text } = await ask(path, shown);
      assert.equal(status, 403);
      assert.match(text, /only a CDN/);
    }
    const { status, headers } = await ask(path, { "X-Echo-Origin": SECRET });
    assert.equal(status, 200);
    assert.equal(headers.get("Cache-Control"), "max-age=1", "a CDN may keep it");
  }
  assert.equal((await ask("/cast/~assets/1/player.js")).status, 200);
  assert.deepEqual(["", "x", SECRET].map((shown) => entrance.admits(shown)), [false, false, true]);
});

Deno.test("where both are asked for, both are needed", async () => {
  const { ask, tokenFor } = setUp({ originSecret: SECRET });
  const headers = { "X-Echo-Origin": SECRET };
  const path = `/cast/~${tokenFor("dj1")}/dj1/playlist.m3u8`;
  assert.deepEqual(
    [
      (await ask(path)).status,
      (await ask("/cast/dj1/playlist.m3u8", headers)).status,
      (await ask(path, headers)).status,
    ],
    [403, 403, 200],
  );
});

Deno.test("a thread asks for newer keys once a second at most, and waits for them", async () => {
  const [first, second] = [new Issuer("key-1"), new Issuer("key-2")];
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  let asked = 0;
  const keys = new KeySetCopy({ clock, text: keySetOf(first), ask: () => asked++ });
  const verifier = new TokenVerifier({ clock, keys, issuer: undefined, audience: undefined });
  const waiting = [1, 2, 3].map((i) => verifier.verify(second.token([], { claims: { i } })));
  await clock.advance(0);
  keys.take(keySetOf(first, second));
  await Promise.all(waiting);
  for (let i = 0; i < 50; i++) {
    const check = verifier.verify(new Issuer("key-3").token([]));
    await clock.advance(0);
    keys.take(keySetOf(first, second));
    await assert.rejects(check, /no key of the key set/);
    await clock.advance(100);
  }
  assert.ok(asked >= 5 && asked <= 7, `${asked}`);
});

Deno.test("people who are not let in get a page that says why, and players JSON", async () => {
  const { ask, issuer, keys, tokenFor } = setUp();
  const Accept = "text/html,application/xhtml+xml,*/*;q=0.8";
  const expired = issuer.token([{ action: "listen", name: "dj1" }], { claims: { exp: 1 } });
  for (
    const [path, why, assets] of [
      ["/cast/dj1/", "A token is needed: /cast/~TOKEN/NAME/.", "../~assets"],
      ["/cast/dj1", "A token is needed: /cast/~TOKEN/NAME/.", "~assets"],
      [`/cast/~${tokenFor("dj2")}/dj1/`, "The token does not allow", "../../~assets"],
      [`/cast/~${expired}/dj1/`, "The token has expired.", "../../~assets"],
    ] as const
  ) {
    const page = await ask(path, { Accept });
    assert.equal(page.status, 403);
    assert.match(page.headers.get("Content-Type") ?? "", /^text\/html/);
    assert.equal(page.headers.get("Vary"), "Accept");
    assert.equal(page.headers.get("Cache-Control"), "no-store");
    assert.ok(page.text.includes(`<p id="why">${why}`), page.text);
    assert.ok(page.text.includes(`href="${assets}/now/theme.css"`), page.text);
    for (const accept of [undefined, "*/*", "application/json"]) {
      const answer = await ask(path, accept === undefined ? {} : { Accept: accept });
      assert.equal(answer.status, 403);
      assert.equal(JSON.parse(answer.text).code, 403);
    }
  }
  assert.match((await ask("/prerole/jingle.ts", { Accept })).text, /^{"code":403/);
  keys.keys = undefined;
  const page = await ask(`/cast/~${tokenFor("dj1")}/dj1/`, { Accept });
  assert.deepEqual([page.status, /There are no keys yet/.test(page.text)], [503, true]);
});
