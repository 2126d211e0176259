/** What is answered otherwise than by Icecast is explained where users read of it. */
import assert from "node:assert/strict";
import { QUESTIONS } from "../../testing/icecast/compare.ts";

Deno.test("docs/icecast.md explains each answer that differs from Icecast's, and no other", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/icecast.md", import.meta.url));
  const [, section = ""] = text.split("## What is answered otherwise than by Icecast");
  const rows = [...section.matchAll(/^\| (.+?) +\|.+\| (.+?) +\|$/gm)]
    .map(([, what = "", why = ""]) => [what.replaceAll("\\", ""), why])
    .filter(([what]) => what !== "request" && !/^-+$/.test(what ?? ""));
  const known = QUESTIONS.flatMap(({ what, why }) => why === undefined ? [] : [[what, why]]);
  assert.deepEqual(rows, known);
});
