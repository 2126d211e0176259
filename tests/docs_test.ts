/**
 * Holds what the documents name to the code: variables, metrics, events, URLs, tasks, files, links.
 */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import denoJson from "../deno.json" with { type: "json" };
import { ROWS } from "../src/config.ts";
import { isServed, type NamedUrl, urlsIn } from "../testing/served_urls.ts";
import { withMetrics } from "../testing/stat/metrics_samples.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What looks like a name of Echo's and is none, each with what it is. */
const NOT_OURS: Readonly<Record<string, string>> = {
  ECHO_TOKEN: "of scripts/echo-client/echo-publish.sh",
  ECHO_USER: "of scripts/echo-client/echo-publish.sh",
  ECHO_PASSWORD: "of scripts/echo-client/echo-publish.sh",
  ECHO_PORT: "of scripts/echo-client/echo-publish.sh",
  ECHO_BIN: "of the end-to-end tests",
  ECHO_SITE: "of deploy/Caddyfile",
  HLS_PREROLL_DIR: "how HLS_PREROLE_DIR is not spelled",
  echo_stat: "a category of the log",
  "/NAME": "a stream id of SRT",
  "/operator/": "of the proxies that deploy/ has files for",
  "utils.ts": "what there is not to be",
};

/** What commands make, so that it is not there in a fresh copy of the project. */
const MADE = ["deploy/echo.env", "dist", "output", "scripts/output", "scripts/echo-client/build"];

const FOLDERS = ["attack", "bench", "deploy", "docs", "ffi", "scripts", "src", "testing", "tests"];

Deno.test("the log of nginx, as the documents have it, leaves tokens out", async () => {
  const text = await Deno.readTextFile(join(ROOT, "docs/tokens.md"));
  const [, pattern = ""] = /^ {2}~(\^\S+) \$place~\$rest;$/m.exec(text) ?? [];
  const masked = (path: string) => path.replace(new RegExp(pattern), "$<place>~$<rest>");
  for (
    const [path, told] of [
      ["/cast/~a.b.c/dj1/playlist.m3u8", "/cast/~/dj1/playlist.m3u8"],
      ["/cast/~a.b.c/dj1/low.m3u8?_HLS_msn=1", "/cast/~/dj1/low.m3u8?_HLS_msn=1"],
      ["/cast/%7Ea.b.c/dj1/", "/cast/~/dj1/"],
      ["/cast/%7ea.b.c/~prerole/jingle.ts", "/cast/~/~prerole/jingle.ts"],
      ["/cast/~a.b.c", "/cast/~"],
      ["/cast/~a.b.c?x=/y", "/cast/~?x=/y"],
      ["/two/parts/~a.b.c/dj1/", "/two/parts/~/dj1/"],
      ["/cast/dj1/playlist.m3u8", "/cast/dj1/playlist.m3u8"],
    ] as const
  ) {
    assert.equal(masked(path), told);
  }
});

Deno.test("documents name only variables that there are", async () => {
  const known = ROWS.map(({ variable }) => variable.name);
  const prefixes = new Set(known.map((name) => name.split("_")[0]));
  const pattern = new RegExp(`\\b(?:${[...prefixes].join("|")})_[A-Z0-9_]+`, "g");
  assertNone(await wrongNames(pattern, (name) => isKnown(name, known)));
});

Deno.test("every variable is in the table of docs/operations.md, as it is in the code", async () => {
  const text = await read("docs/operations.md");
  const rows = text.matchAll(/^\| `([A-Z0-9_]+)` +\| ([^|]*?) *\| ([^|]*?) *\|/gm);
  const told = [...rows].map(([, name, fallback, reload]) => [name, fallback, reload]);
  const expected = ROWS.map(({ variable: { name, fallback = "", reloadable } }) => {
    const says = typeof fallback === "string" ? fallback : fallback.says;
    return [name, says, reloadable ? "yes" : ""];
  });
  assert.deepEqual(told, expected);
});

Deno.test("documents name only metrics that there are", async () => {
  const known = await metricNames();
  assertNone(
    await wrongNames(/\b(?:echo|process)_[a-z_]+\b(?!\.[a-z])/g, (name) => {
      return isKnown(name.replace(/_(?:bucket|count|sum)$/, ""), known) || isKnown(name, known);
    }),
  );
});

Deno.test("every metric is in docs/operations.md", async () => {
  const text = await read("docs/operations.md");
  assertNone((await metricNames()).filter((name) => !text.includes(`| \`${name}\` `)));
});

Deno.test("docs/webhooks.md has the events that there are", async () => {
  const text = await read("docs/webhooks.md");
  const told = [...text.matchAll(/^\| `([a-z-]+)` /gm)].map(([, type]) => type).sort();
  const known = [...(await renderMetrics()).matchAll(/\{event="([a-z-]+)"\}/g)];
  assert.deepEqual(told, known.map(([, type]) => type).sort());
});

Deno.test("documents name only URLs that there are", async () => {
  const wrong: string[] = [];
  for (const [document, text] of await readDocuments()) {
    for (const url of urlsIn(text)) {
      if (url.path in NOT_OURS || await isServed(url)) continue;
      wrong.push(`${document}: ${textOf(url)}`);
    }
  }
  assertNone(wrong);
});

Deno.test("a URL that no server answers is found out", async () => {
  const text =
    "`PUT /echo/4/pause`, `/echo/4/rewind` `GET /echo/4/pause`, `/stat/1/…`, `/stat/2/…`, " +
    "`/cast/NAME/lower.m3u8`, `/etc/hosts`, http://HOST:8080/cast/demo/playlist.m3u8 `http://HOST/x`";
  const wrong: string[] = [];
  for (const url of urlsIn(text)) {
    if (!await isServed(url)) wrong.push(textOf(url));
  }
  assert.deepEqual(wrong.sort(), [
    "/cast/NAME/lower.m3u8",
    "/echo/4/rewind",
    "/stat/2/…",
    "/x",
    "GET /echo/4/pause",
  ]);
});

Deno.test("documents name only tasks that there are", async () => {
  const tasks = Object.keys(denoJson.tasks);
  assertNone(await wrongNames(/(?<=\bdeno task )[a-z][\w:-]*/g, (task) => tasks.includes(task)));
});

Deno.test("documents name only files and folders that there are", async () => {
  const files = await filesBelow(ROOT);
  const wrong = (await readDocuments()).flatMap(([document, text]) => {
    return pathsIn(text)
      .filter((path) => !(path in NOT_OURS) && !isFile(path, files))
      .map((path) => `${document}: ${path}`);
  });
  assertNone(wrong);
});

Deno.test("links in documents lead to a file, and to a heading in it", async () => {
  const wrong: string[] = [];
  const documents = [...await readDocuments(), await withText("CHANGELOG.md")];
  for (const [document, text] of documents) {
    for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!/^[a-z]+:/.test(link) && !await leadsSomewhere(document, link)) {
        wrong.push(`${document}: ${link}`);
      }
    }
  }
  assertNone(wrong);
});

Deno.test("the map in docs/architecture.md has every room", async () => {
  const map = await read("docs/architecture.md");
  const rooms: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, "src"))) {
    if (isDirectory) rooms.push(name);
  }
  assertNone(rooms.filter((room) => !map.includes(`| \`src/${room}\` `)));
});

type Document = readonly [name: string, text: string];

/** What users, operators and contributors read. The list of changes names what was there once. */
async function readDocuments(): Promise<Document[]> {
  const names: string[] = [];
  for (const folder of ["", "docs/"]) {
    for await (const { name } of Deno.readDir(join(ROOT, folder))) {
      if (name.endsWith(".md") && name !== "CHANGELOG.md") names.push(`${folder}${name}`);
    }
  }
  return await Promise.all(names.sort().map(withText));
}

async function withText(name: string): Promise<Document> {
  return [name, await read(name)];
}

async function read(name: string): Promise<string> {
  return await Deno.readTextFile(join(ROOT, name));
}

/** What matches `pattern` in the documents and is not known. */
async function wrongNames(pattern: RegExp, known: (name: string) => boolean): Promise<string[]> {
  return (await readDocuments()).flatMap(([document, text]) => {
    return [...text.matchAll(pattern)].map(([name]) => name)
      .filter((name) => !(name in NOT_OURS) && !known(name))
      .map((name) => `${document}: ${name}`);
  });
}

function assertNone(wrong: readonly string[]): void {
  assert.deepEqual(wrong, []);
}

/** Whether `name` is one of `known` or, where it ends with an underscore, begins one. */
function isKnown(name: string, known: readonly string[]): boolean {
  return known.includes(name) || (name.endsWith("_") && known.some((k) => k.startsWith(name)));
}

function textOf({ method, path }: NamedUrl): string {
  return `${method} ${path}`.trim();
}

async function renderMetrics(): Promise<string> {
  let text = "";
  await withMetrics({}, async (metrics) => {
    text = await metrics.render();
  });
  return text;
}

async function metricNames(): Promise<string[]> {
  return [...(await renderMetrics()).matchAll(/^# TYPE (\w+)/gm)].map(([, name = ""]) => name);
}

// ---- Files and links ----

/** Paths below the project's folders anywhere, and names of sources and scripts in code. */
function pathsIn(text: string): string[] {
  const below = text.matchAll(new RegExp(`(?<![\\w./-])(?:${FOLDERS.join("|")})/[\\w./*-]*`, "g"));
  const inCode = text.matchAll(
    /(?<=`)[a-z][a-z\d_./-]*(?:\/|\.(?:css|html|js|sh|ts|yml))(?=`)/g,
  );
  return [...below, ...inCode].map(([path]) => path.replace(/\.$/, ""));
}

/** Whether `path` is there: from the project's folder, or below one of those in it. */
function isFile(path: string, files: readonly string[]): boolean {
  // Of a pattern such as `tests/e2e/*_test.ts` or `tests/NAME/`, the folder.
  const name = path.replace(/[^/]*(?:\*|[A-Z]{2}).*$/, "").replace(/\/$/, "");
  if (MADE.some((made) => `${name}/`.startsWith(`${made}/`))) return true;
  const isFromRoot = FOLDERS.includes(name.split("/")[0] ?? "");
  return files.some((file) => {
    return isFromRoot ? `${file}/`.startsWith(`${name}/`) : `/${file}/`.includes(`/${name}/`);
  });
}

/** Files of the project, from its folder; not what commands make, nor what is hidden. */
async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (name.startsWith(".") || MADE.includes(relative(ROOT, path))) continue;
    if (isDirectory) files.push(...await filesBelow(path));
    else files.push(relative(ROOT, path));
  }
  return files;
}

async function leadsSomewhere(document: string, link: string): Promise<boolean> {
  const [file = "", heading] = link.split("#");
  const target = file === "" ? document : join(dirname(document), file);
  try {
    if (heading === undefined) return await Deno.stat(join(ROOT, target)) !== undefined;
    return headingsOf(await read(target)).includes(heading);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The headings of a document as links name them. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => {
    return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
  });
}
