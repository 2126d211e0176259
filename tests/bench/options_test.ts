/** The command line of the benchmarks. */
import assert from "node:assert/strict";
import { parseCommandLine, serverEnv } from "../../bench/options.ts";

Deno.test("a benchmark has a name, numbers and options", () => {
  const args = ["flood", "100", "4000", "--json", "--threads", "2", "--warm-up", "0.5", "--pin"];
  const { name, check, json, options } = parseCommandLine(args);
  assert.deepEqual({ name, check, json }, { name: "flood", check: false, json: true });
  const { numbers, threads, warmUpSeconds, pin, record } = options;
  assert.deepEqual(numbers, [100, 4000]);
  assert.deepEqual({ threads, warmUpSeconds, pin, record }, {
    threads: 2,
    warmUpSeconds: 0.5,
    pin: true,
    record: false,
  });
});

Deno.test("what is not told is left to the benchmark and to the server", () => {
  const { options } = parseCommandLine(["http"]);
  assert.equal(options.warmUpSeconds, undefined);
  assert.deepEqual(serverEnv(options), {});
});

Deno.test("the server is told how many HTTP threads it has, none of them too", () => {
  const of = (threads: string) =>
    serverEnv(parseCommandLine(["http", "--threads", threads]).options);
  assert.deepEqual([of("0"), of("2")], [{ HLS_WEB_THREADS: "0" }, { HLS_WEB_THREADS: "2" }]);
});

Deno.test("arguments that are none are refused", () => {
  const wrong = [
    ["http", "many"],
    ["http", "0"],
    ["http", "--threads", "1.5"],
    ["http", "--threads", "-1"],
    ["http", "--warm-up", "soon"],
    ["http", "--unknown"],
  ];
  for (const args of wrong) assert.throws(() => parseCommandLine(args), TypeError, args.join(" "));
});
