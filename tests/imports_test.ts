/** What may import what in this project, and how long a file may be. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * What each room may import of Echo besides itself. Doors (rtmp, srt, icecast, control) know session
 * and what is below it, and so do outputs (hls, record, stat); neither knows the other.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  audio: [],
  mpegts: ["audio"],
  mp4: ["audio"],
  disk: ["session"],
  listening: ["session"],
  tls: ["session", "listening"],
  ffi: [],
  version: [],
  logging: ["session"],
  config: ["version"],
  session: ["audio"],
  doors: ["session", "listening", "tls"],
  rtmp: ["audio", "session", "listening", "doors"],
  icecast: ["audio", "session", "listening", "doors", "http", "web"],
  srt: ["audio", "session", "mpegts", "listening", "ffi"],
  control: ["session", "http", "web", "passwords"],
  passwords: ["session"],
  encoders: ["session"],
  dj: ["session", "web", "disk", "passwords", "encoders"],
  http: ["session", "disk", "listening", "tls"],
  web: ["session", "http", "tls", "version"],
  hls: ["audio", "session", "mpegts", "mp4", "disk", "http", "web"],
  fallback: ["audio", "session", "disk"],
  fleet: ["session", "http", "web", "hls", "pages"],
  record: ["audio", "session", "mp4", "disk", "web"],
  storage: ["session", "mp4", "disk", "record"],
  stat: ["session", "disk", "fleet", "http", "web", "version", "encoders"],
  tokens: ["session", "disk", "web"],
  hook: ["session", "version"],
  pages: ["session", "web"],
  systemd: ["session"],
};

/** These put the parts together, so they may import every room. */
const ASSEMBLY = ["station", "main"];

/** What these need of a codec they ask `codecOf`; each codec has a folder of its own in `audio/`. */
const KNOW_NO_CODEC = ["session", "mpegts", "mp4", "record", "stat", "control"];

/**
 * What reads the machine's time: the clock, which all else is handed, so that tests can move it; and
 * what waits for libsrt, which has a time of its own.
 */
const READ_TIME = ["src/session/clock.ts", "ffi/poller.ts"];

const EXPORT = /^export (?:async )?(?:class|interface|type|function\*?|const) (\w+)/gm;

const MAX_LINES = 300;

/** Of a hundred files, so many at least begin with what they are for. */
const INTRODUCED_PERCENT = 95;
/** May stand before that: what runs the file, and what checks it. */
const BEFORE_INTRODUCTION = /^#!.*\n|^\/\/ @ts-check\n|^\/\/\/.*\n|^\n/;
/** What commands make. */
const MADE = ["dist", "output", "build", "node_modules"];

/** What the folders beside the server may import of the project besides themselves. */
const BESIDE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  testing: ["src", "ffi", "scripts"],
  tests: ["src", "ffi", "scripts", "testing", "bench"],
  bench: ["src", "ffi", "testing"],
  attack: ["ffi", "testing", "bench"],
};

Deno.test("every room imports only what lies below it", async () => {
  const wrong: string[] = [];
  for (const [file, { imports }] of await readSources()) {
    const room = roomOf(file);
    if (ASSEMBLY.includes(room)) continue;
    const allowed = MAY_IMPORT[room];
    assert.ok(allowed !== undefined, `${file} is in no known room`);
    const others = imports.filter((other) => ![room, ...allowed].includes(roomOf(other)));
    wrong.push(...others.map((other) => `${file} imports ${other}`));
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every room imports something of each room that it may import", async () => {
  const used = new Map<string, Set<string>>();
  for (const [file, { imports }] of await readSources()) {
    const room = roomOf(file);
    used.set(room, new Set([...used.get(room) ?? [], ...imports.map(roomOf)]));
  }
  const unused = Object.entries(MAY_IMPORT).flatMap(([room, allowed]) => {
    return allowed.filter((other) => !used.get(room)?.has(other)).map((other) => [room, other]);
  });
  assert.deepEqual(unused, []);
});

Deno.test("only the clock reads the machine's time", async () => {
  const wrong = [...await readSources()].filter(([file, { text }]) => {
    return file.endsWith(".ts") && !READ_TIME.includes(file) &&
      /\b(?:performance\.now|Date\.now|new Date)\(\)/.test(text);
  });
  assert.deepEqual(wrong.map(([file]) => file), []);
});

Deno.test("sessions and containers know no codec", async () => {
  const wrong: string[] = [];
  for (const [file, { imports }] of await readSources()) {
    if (!KNOW_NO_CODEC.includes(roomOf(file))) continue;
    const codecs = imports.filter((other) => /^src\/audio\/[^/]+\//.test(other));
    wrong.push(...codecs.map((other) => `${file} imports ${other}`));
  }
  assert.deepEqual(wrong, []);
});

Deno.test("helpers of tests are in testing/, and nothing imports a test", async () => {
  const wrong: string[] = [];
  for (const [folder, others] of Object.entries(BESIDE_MAY_IMPORT)) {
    for (const [file, { imports }] of await readSources([folder])) {
      if (file === "tests/imports_test.ts") continue; // it has examples of imports
      const isHelper = folder === "tests" && !file.endsWith("_test.ts");
      if (isHelper) wrong.push(`${file} is no test: it belongs into testing/`);
      const bad = imports.filter((other) => {
        return other.endsWith("_test.ts") || ![folder, ...others].includes(topFolder(other));
      });
      wrong.push(...bad.map((other) => `${file} imports ${other}`));
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("no file imports itself by way of others", async () => {
  const sources = await readSources();
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    const cycle = path.slice(path.indexOf(file));
    assert.ok(!path.includes(file), `circular import: ${[...cycle, file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const other of sources.get(file)?.imports ?? []) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
});

Deno.test("what is exported has a name that nothing else has", async () => {
  const found = new Map<string, string>();
  const twice: string[] = [];
  for (const [file, { text }] of await readSources()) {
    for (const [, name = ""] of text.matchAll(EXPORT)) {
      const other = found.get(name);
      if (other !== undefined) twice.push(`${name} is in ${other} and ${file}`);
      found.set(name, file);
    }
  }
  assert.deepEqual(twice, []);
});

Deno.test("no file is too long to be read", async () => {
  const long = [...await readSources()].filter(([, { lines }]) => lines > MAX_LINES);
  assert.deepEqual(long.map(([file, { lines }]) => `${file} has ${lines} lines`), []);
});

Deno.test("files begin by saying what they are for", async () => {
  const files = await filesBelow(ROOT);
  const silent: string[] = [];
  for (const file of files) {
    if (!isIntroduced(await Deno.readTextFile(file))) silent.push(relative(ROOT, file));
  }
  const percent = 100 * (1 - silent.length / files.length);
  assert.ok(
    percent >= INTRODUCED_PERCENT,
    `${percent.toFixed(1)} % do; not:\n${silent.join("\n")}`,
  );
});

Deno.test("imports are found in every form", () => {
  const source = `
import { a } from "./a.ts";
import type {
  B,
} from "../b/b.ts";
import "./c.ts";
export { d } from "./d.ts";
export * from "./e.ts";
const f = await import("./f.ts");
new Worker(new URL("./g.ts", import.meta.url));
import { Hono } from "hono";
const text = 'from "./none.txt"';
/**
 * import { example } from "./example.ts";
 */
// import { gone } from "./gone.ts";
`;
  assert.deepEqual(
    findImports("src/x/y.ts", source),
    ["src/x/a.ts", "src/b/b.ts", ...["c", "d", "e", "f", "g"].map((name) => `src/x/${name}.ts`)],
  );
});

interface Source {
  /** Files of Echo, from the project's root. */
  readonly imports: readonly string[];
  readonly text: string;
  readonly lines: number;
}

/** Files by path from the project's root: the server's own, or those below other folders. */
async function readSources(folders?: readonly string[]): Promise<Map<string, Source>> {
  const files = folders === undefined ? [join(ROOT, "main.ts")] : [];
  for (const folder of folders ?? ["src", "ffi"]) {
    files.push(...await filesBelow(join(ROOT, folder)));
  }
  const sources = new Map<string, Source>();
  for (const file of files) {
    const text = await Deno.readTextFile(file);
    const path = relative(ROOT, file);
    const lines = text.split("\n").length - 1;
    sources.set(path, { imports: findImports(path, text), text, lines });
  }
  return sources;
}

/** Files of TypeScript and JavaScript, without hidden folders and what commands make. */
async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.startsWith(".") || MADE.includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory) files.push(...await filesBelow(path));
    else if (/\.[jt]s$/.test(path)) files.push(path);
  }
  return files;
}

function isIntroduced(text: string): boolean {
  const [before = ""] = BEFORE_INTRODUCTION.exec(text) ?? [];
  return before === "" ? /^\/[/*]/.test(text) : isIntroduced(text.slice(before.length));
}

/** Relative imports of TypeScript, workers included, as paths from the project's root. */
function findImports(file: string, text: string): string[] {
  const code = text.replace(/^\s*(?:\*|\/\/).*$/gm, "");
  const specifiers = code.matchAll(
    /(?:\bfrom\s|\bimport\s|\bimport\(|\bnew URL\()\s*"(\.[^"]+\.ts)"/g,
  );
  return [...specifiers].map(([, specifier = ""]) => join(dirname(file), specifier));
}

function topFolder(file: string): string {
  return file.split("/")[0] ?? file;
}

/** `src/hls/playlist.ts` is in `hls`, and so would `src/hls.ts` be. */
function roomOf(file: string): string {
  return /^(?:src\/)?([a-z0-9_]+)/.exec(file)?.[1] ?? file;
}
