/** What the dashboard's server gives to whom, and what its pages may load. */
import assert from "node:assert/strict";
import type { Context, Hono } from "hono";
import { dashboardRoutes } from "../../../src/pages/dashboard/routes.ts";
import type { Entrance, Verdict } from "../../../src/web/entrance.ts";

/** A dashboard whose door answers `verdict`; the token is `right`. */
function dashboard(verdict: Verdict): Hono {
  return dashboardRoutes({
    check: () => Promise.resolve(verdict),
    signIn: (c: Context, token) => {
      if (verdict === "unknown" && token !== "right") return Promise.resolve("unknown");
      c.header("Set-Cookie", "in=1");
      return Promise.resolve(verdict === "unknown" ? "granted" : verdict);
    },
    signOut: (c: Context) => c.header("Set-Cookie", "in="),
    guard: async (c, next) => verdict === "granted" ? await next() : c.text("no", 401),
  });
}

function post(app: Hono, path: string, body: string) {
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  return app.request(path, { method: "POST", headers, body });
}

/** What a page loads. */
function links(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map(([, link = ""]) => link);
}

const PAGES: readonly [Verdict, number, RegExp][] = [
  ["granted", 200, /<h2 id="sessions-title">/],
  ["unknown", 401, /<form method="post" action="sign-in">/],
  ["closed", 403, /STAT_TOKEN/],
  ["foreign", 403, /the box itself/],
];

for (const [verdict, status, content] of PAGES) {
  Deno.test(`who is ${verdict} gets ${status} and a page that loads only what is there`, async () => {
    const app = dashboard(verdict);
    const page = await app.request("/");
    assert.equal(page.status, status);
    const html = await page.text();
    assert.match(html, content);
    assert.doesNotMatch(html, /%\S+%|<style|style=|\son\w+=|<script>/);
    const found = links(html);
    assert.ok(found.length >= 3);
    const later = [...html.matchAll(/data-library="(.+)"/g)].map(([, link = ""]) => link);
    assert.equal(later.length, verdict === "granted" ? 2 : 0);
    for (const link of [...found, ...later]) {
      assert.match(link, /^dashboard\//);
      assert.equal((await app.request(`/${link}`)).status, 200, link);
    }
  });

  Deno.test(`the page of who is ${verdict} may load nothing from elsewhere, and is not framed`, async () => {
    const { headers } = await dashboard(verdict).request("/");
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /form-action 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*|http/);
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("referrer-policy"), "same-origin");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
  });
}

Deno.test("the dashboard may play what is on air from the host that it is asked for by", async () => {
  const entrance: Entrance = {
    check: () => Promise.resolve("granted"),
    signIn: () => Promise.resolve("granted"),
    signOut: () => {},
    guard: (_, next) => next(),
  };
  const app = dashboardRoutes(entrance, { hlsPorts: [8080] });
  const sources = async (Host: string) => {
    const { headers } = await app.request("/", { headers: { Host } });
    const policy = headers.get("content-security-policy") ?? "";
    return ["connect-src", "media-src"].map((directive) => {
      return policy.split("; ").find((part) => part.startsWith(`${directive} `));
    });
  };
  for (
    const [host, origin] of [
      ["box.example:8088", "http://box.example:8080"],
      ["192.0.2.1", "http://192.0.2.1:8080"],
      ["[2001:db8::1]:8088", "http://[2001:db8::1]:8080"],
    ] as const
  ) {
    assert.deepEqual(await sources(host), [
      `connect-src 'self' ${origin}`,
      `media-src 'self' blob: ${origin}`,
    ]);
  }
  for (const host of ["*", "a; script-src *", "a,b", "'unsafe-inline'", "a b", "a/b", "a:b"]) {
    assert.deepEqual(await sources(host), ["connect-src 'self'", "media-src 'self'"], host);
  }
});

Deno.test("the dashboard may play recordings from the site of the bucket, and nothing else there", async () => {
  const entrance: Entrance = {
    check: () => Promise.resolve("granted"),
    signIn: () => Promise.resolve("granted"),
    signOut: () => {},
    guard: (_, next) => next(),
  };
  const app = dashboardRoutes(entrance, { recordingsOrigin: "https://media.example" });
  const policy = (await app.request("/")).headers.get("content-security-policy") ?? "";
  assert.match(policy, /media-src 'self' https:\/\/media\.example$/);
  assert.equal(policy.split("media.example").length, 2);
});

Deno.test("scripts import each other by names that are served", async () => {
  const app = dashboard("granted");
  const html = await (await app.request("/")).text();
  const visited = new Set<string>();
  const visit = async (url: string) => {
    if (visited.has(url)) return;
    visited.add(url);
    const response = await app.request(url);
    assert.equal(response.status, 200, url);
    const source = await response.text();
    for (const [, file = ""] of source.matchAll(/^import .* from "\.\/(.+)";$/gm)) {
      await visit(url.replace(/[^/]+$/, file));
    }
  };
  for (const link of links(html).filter((link) => link.endsWith("dashboard.js"))) {
    await visit(`/${link}`);
  }
  assert.equal(visited.size, 28);
  assert.ok([...visited].some((url) => url.endsWith("/time_breaks.js")), "from the folder above");
});

Deno.test("only what the page to sign in needs is served to strangers", async () => {
  const html = await (await dashboard("granted").request("/")).text();
  const app = dashboard("unknown");
  for (const link of links(html)) {
    const isOpen = /theme\.css|icon\.svg/.test(link);
    assert.equal((await app.request(`/${link}`)).status, isOpen ? 200 : 401, link);
  }
});

Deno.test("the right token leads in, a wrong one back", async () => {
  const app = dashboard("unknown");
  const right = await post(app, "/sign-in", "token=%20right%20");
  assert.deepEqual([right.status, right.headers.get("location")], [303, "./"]);
  assert.equal(right.headers.get("set-cookie"), "in=1");
  for (const body of ["token=wrong", "token=", "", "other=right"]) {
    const wrong = await post(app, "/sign-in", body);
    assert.equal(wrong.status, 401, body);
    assert.match(await wrong.text(), /role="alert">That is not the token\./);
  }
});

Deno.test("who may not sign in is told why", async () => {
  const told = async (verdict: Verdict) => {
    const response = await post(dashboard(verdict), "/sign-in", "token=right");
    return [response.status, await response.text()] as const;
  };
  const [guessing, wait] = await told("guessing");
  assert.equal(guessing, 429);
  assert.match(wait, /Wait a minute/);
  assert.equal((await told("foreign"))[0], 403);
  const [closed, why] = await told("closed");
  assert.equal(closed, 403);
  assert.match(why, /The dashboard is closed/);
});

Deno.test("a form that is too large is not read", async () => {
  const response = await post(dashboard("unknown"), "/sign-in", `token=${"x".repeat(11_000)}`);
  assert.equal(response.status, 413);
});

Deno.test("a form that breaks off is refused, and no error of the server", async () => {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("token=r")),
    pull: (controller) => controller.error(new TypeError("connection reset")),
  });
  const answer = await dashboard("unknown").request("/sign-in", { method: "POST", body });
  assert.deepEqual([answer.status, await answer.text()], [400, "the form breaks off"]);
});

Deno.test("a malformed form counts as a wrong token, not as an error of the server", async () => {
  const app = dashboard("unknown");
  for (const type of ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain"]) {
    const headers = { "Content-Type": type };
    const response = await app.request("/sign-in", { method: "POST", headers, body: "garbage%ff" });
    assert.equal(response.status, 401, type);
    await response.text();
  }
});

Deno.test("who opens the address of the form itself is led to the page to sign in", async () => {
  const response = await dashboard("unknown").request("/sign-in");
  assert.deepEqual([response.status, response.headers.get("location")], [303, "./"]);
});

Deno.test("who is signed in can sign out", async () => {
  const out = await post(dashboard("granted"), "/sign-out", "");
  assert.deepEqual([out.status, out.headers.get("location")], [303, "./"]);
  assert.equal(out.headers.get("set-cookie"), "in=");
  assert.equal((await post(dashboard("unknown"), "/sign-out", "")).status, 401);
});
