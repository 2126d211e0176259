// Holds what documents say of the sources to the sources.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A file or folder of the project, as text in backticks names it. */
const PATH = /`((?:bench|docs|ffi|scripts|src|tests)\/[\w./-]*)`/g;

/** A link to something beside the document that has it. */
const LINK = /\]\((?!\w+:|#)([^)#]+)/g;

/** Stands for what the reader chooses, as in `src/NAME/server.ts`. */
const PLACEHOLDER = /NAME/;

Deno.test("every file that a document names is there", async () => {
  const missing: string[] = [];
  for (const [file, text] of await readDocuments()) {
    const paths = [...text.matchAll(PATH)].map(([, path = ""]) => path);
    for (const path of paths.filter((path) => !PLACEHOLDER.test(path))) {
      if (!await exists(path)) missing.push(`${file} names ${path}`);
    }
  }
  assert.deepEqual(missing, []);
});

Deno.test("every link from a document to another leads somewhere", async () => {
  const missing: string[] = [];
  for (const [file, text] of await readDocuments()) {
    for (const [, target = ""] of text.matchAll(LINK)) {
      if (!await exists(join(dirname(file), target))) missing.push(`${file} links to ${target}`);
    }
  }
  assert.deepEqual(missing, []);
});

Deno.test("the map of the project has every room", async () => {
  const map = await Deno.readTextFile(join(ROOT, "docs/architecture.md"));
  const rooms = [];
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, "src"))) {
    if (isDirectory) rooms.push(name);
  }
  assert.deepEqual(rooms.filter((room) => !map.includes(`| \`src/${room}\` `)), []);
});

/** The project's documents, by path from its root. */
async function readDocuments(): Promise<Map<string, string>> {
  const documents = new Map<string, string>();
  for (const folder of ["", "docs/"]) {
    for await (const { name } of Deno.readDir(join(ROOT, folder))) {
      if (!name.endsWith(".md")) continue;
      documents.set(`${folder}${name}`, await Deno.readTextFile(join(ROOT, folder, name)));
    }
  }
  return documents;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(join(ROOT, path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
