/**
 * Opens and ends sessions with ports, and prints what that left behind. Run by a test as a process
 * of its own, since it counts threads and descriptors.
 */
import { SERVER_REASON } from "../../src/session/reason.ts";
import { until } from "../until.ts";
import { SrtFixture } from "./srt_fixture.ts";
import { message } from "./srt_messages.ts";

const SESSIONS = 200;
const CALLERS = 20;

const count = (folder: string) => [...Deno.readDirSync(folder)].length;
const threads = () => count("/proc/self/task");
const descriptors = () => count("/proc/self/fd");

async function round(fixture: SrtFixture): Promise<void> {
  const names = Array.from({ length: SESSIONS }, (_, i) => `demo${i}`);
  const ports = names.map((name) => fixture.reserve(name).port);
  for (const port of ports.slice(0, CALLERS)) {
    (await fixture.callers.connect(port)).send(message(1));
  }
  for (const name of names.slice(0, CALLERS)) await fixture.frames(name, 1);
  const before = { threads: threads(), descriptors: descriptors() };
  if (before.threads < SESSIONS || before.descriptors < SESSIONS) {
    throw new Error(`Cannot trust the counts: ${JSON.stringify(before)} with ${SESSIONS} ports`);
  }
  for (const name of names) fixture.sessions.find(name)?.end("teardown", SERVER_REASON);
}

await using fixture = await SrtFixture.start({ auth: "key" });
const idle = { threads: threads(), descriptors: descriptors() };
await round(fixture);
await until("threads and descriptors are back", () => {
  return threads() <= idle.threads + 4 && descriptors() <= idle.descriptors + 4;
});
const memory = Deno.memoryUsage().rss;
await round(fixture);
await until("threads and descriptors are back again", () => {
  return threads() <= idle.threads + 4 && descriptors() <= idle.descriptors + 4;
});
console.log(JSON.stringify({ grownBy: Deno.memoryUsage().rss - memory }));
