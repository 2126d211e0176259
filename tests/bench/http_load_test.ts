/** Load generators: they ask for what they are told, and tell the same of it. */
import assert from "node:assert/strict";
import {
  type Generator,
  type HttpAnswers,
  loadNotes,
  parseAnswers,
  rateOf,
  runHttpLoad,
} from "../../bench/http_load.ts";
import { writePaths } from "../../bench/listened_files.ts";
import { isInstalled } from "../../testing/installed.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const ANSWERS: HttpAnswers = {
  answers: 1000,
  seconds: 2,
  bytes: 1e6,
  p50Ms: 0.5,
  p99Ms: 4,
  failures: 0,
};

Deno.test("a load's figures are found among what else it prints", () => {
  const lines = ["Running 2s test @ http://127.0.0.1:8080/", JSON.stringify(ANSWERS), ""];
  assert.deepEqual(parseAnswers(lines), ANSWERS);
});

Deno.test("a load that printed no figures is an error with what it printed", () => {
  assert.throws(() => parseAnswers(["unable to connect"]), /unable to connect/);
});

Deno.test("a busy load generator is told of", () => {
  const notes = (cpu: number) => loadNotes([{ ...ANSWERS, generator: "wrk", cpu }]);
  assert.deepEqual(notes(45.2), ["load by wrk: 45 % of a core at most"]);
  assert.match(notes(98).join("\n"), /busy/);
});

for (const generator of ["wrk", "own"] satisfies Generator[]) {
  const ignore = generator === "wrk" && !await isInstalled("wrk");
  Deno.test({
    name: `the generator ${generator} asks for several paths in turn, and counts refusals`,
    ignore,
    fn: () => checkTurns(generator),
  });
  Deno.test({
    name: `the generator ${generator} asks for one path again and again`,
    ignore,
    fn: () => checkOnePath(generator),
  });
}

async function checkTurns(generator: Generator): Promise<void> {
  const { asked, result } = await load(generator, ["/playlist", "/segment", "/gone"]);
  assert.deepEqual([...asked.keys()].sort(), ["/gone", "/playlist", "/segment"]);
  const counts = [...asked.values()];
  // Each connection may have an answer under way at the end.
  assert.ok(Math.max(...counts) - Math.min(...counts) <= CONNECTIONS, `${counts}`);
  const gone = asked.get("/gone") ?? 0;
  assert.ok(result.failures > 0 && result.failures <= gone, `${result.failures} of ${gone}`);
}

async function checkOnePath(generator: Generator): Promise<void> {
  const { asked, result } = await load(generator, ["/segment"]);
  assert.deepEqual([...asked.keys()], ["/segment"]);
  assert.equal(result.failures, 0);
  assert.ok(result.answers > 0 && result.answers <= (asked.get("/segment") ?? 0));
  assert.ok(result.bytes > BODY.length * result.answers, "heads and bodies");
  assert.ok(result.p50Ms > 0 && result.p50Ms <= result.p99Ms);
  assert.equal(rateOf(result), result.answers / result.seconds);
}

const CONNECTIONS = 4;
const BODY = "x".repeat(100_000);

/** Puts a load on a server that has all but `/gone`. */
async function load(
  generator: Generator,
  paths: readonly string[],
): Promise<{ asked: Map<string, number>; result: HttpAnswers }> {
  const asked = new Map<string, number>();
  const onListen = () => {};
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, ({ url }) => {
    const { pathname } = new URL(url);
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1);
    return new Response(BODY, { status: pathname === "/gone" ? 404 : 200 });
  });
  const { port } = server.addr;
  let result: HttpAnswers = ANSWERS;
  await withFolder(async (folder) => {
    const pathsFile = `${folder}/paths`;
    await writePaths(pathsFile, paths);
    const options = { port, connections: CONNECTIONS, seconds: 1, pathsFile, generator };
    result = await runHttpLoad(options);
  });
  return { asked, result };
}
