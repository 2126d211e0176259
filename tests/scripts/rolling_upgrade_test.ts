/** The script that upgrades boxes one after the other, with boxes that only pretend to be some. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/rolling-upgrade.sh", import.meta.url));
const TOKEN = "letmein";

/** Restarts a box, as an upgrade does. */
const RESTART = 'curl --silent --fail --request POST "$BOX_URL/restart/$BOX_ID"';

interface PretendedBox {
  readonly id: string;
  state: "open" | "draining";
  left: number;
  starts: number;
}

/** Boxes that answer for the fleet as Echo does, and note what is done to them. */
class PretendedFleet implements AsyncDisposable {
  readonly boxes: PretendedBox[];
  readonly done: string[] = [];
  readonly #servers: Deno.HttpServer<Deno.NetAddr>[];
  /** Broadcasts that leave a box that drains each time that it is looked at. */
  leaving = 1;
  /** So many times a box that drains does not answer. */
  unanswered = 0;

  constructor(...ids: string[]) {
    this.boxes = ids.map((id) => ({ id, state: "open", left: 2, starts: 1 }));
    this.#servers = this.boxes.map((box) => {
      const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
      return Deno.serve(options, (request) => this.#answer(box, request));
    });
  }

  get urls(): string[] {
    return this.#servers.map(({ addr }) => `http://127.0.0.1:${addr.port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server.shutdown();
  }

  #answer(box: PretendedBox, request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === `/restart/${box.id}`) {
      this.done.push(`${box.id} restarts with ${box.left} left`);
      Object.assign(box, { state: "open", left: 0, starts: box.starts + 1 });
      return new Response(null, { status: 204 });
    }
    if (request.headers.get("Authorization") !== `Bearer ${TOKEN}`) {
      return new Response("{}", { status: 401 });
    }
    if (pathname === `/stat/1/fleet/${box.id}/drain` && request.method === "PUT") {
      this.done.push(`${box.id} drains`);
      box.state = "draining";
      return new Response(null, { status: 204 });
    }
    assert.equal(pathname, "/stat/1/fleet");
    if (box.state === "draining" && this.unanswered-- > 0) {
      return new Response(null, { status: 502 });
    }
    if (box.state === "draining") box.left = Math.max(0, box.left - this.leaving);
    const boxes = this.boxes.map(({ id, state, left, starts }) => {
      return { id, state, left, started: `start ${starts}`, version: "2.0.0", problems: ["{"] };
    });
    return Response.json({ box: box.id, boxes, sessions: [] });
  }
}

async function run({ urls }: Pick<PretendedFleet, "urls">, args: string[], token = TOKEN) {
  const env = { STAT_TOKEN: token, ROLLING_LOOK_SECONDS: "0.05", ROLLING_BACK_SECONDS: "1" };
  const { code, stderr } = await new Deno.Command("bash", {
    args: [SCRIPT, ...args, ...urls],
    env,
    stdout: "null",
    stderr: "piped",
  }).output();
  return { code, said: new TextDecoder().decode(stderr) };
}

Deno.test("boxes are drained, and upgraded once they are empty, one after the other", async () => {
  await using fleet = new PretendedFleet("a", "b", "c");
  const { code, said } = await run(fleet, ["-c", RESTART]);
  assert.equal(code, 0, said);
  assert.deepEqual(fleet.done, [
    ...["a drains", "a restarts with 0 left"],
    ...["b drains", "b restarts with 0 left"],
    ...["c drains", "c restarts with 0 left"],
  ]);
  assert.match(said, /box b is back, with version 2\.0\.0\n/);
});

Deno.test("what does not leave a box is waited for no longer than it is told", async () => {
  await using fleet = new PretendedFleet("a", "b");
  fleet.leaving = 0;
  const { code, said } = await run(fleet, ["-t", "0", "-c", RESTART]);
  assert.equal(code, 0, said);
  assert.match(said, /box a still has 2 broadcasts after 0 s/);
  assert.equal(fleet.done.length, 4);
});

Deno.test("a box may not answer now and then, but not for good", async () => {
  await using fleet = new PretendedFleet("a", "b");
  fleet.unanswered = 2;
  const { code, said } = await run(fleet, ["-c", RESTART]);
  assert.equal(code, 0, said);
  assert.equal(fleet.done.length, 4);

  await using other = new PretendedFleet("a", "b");
  other.unanswered = Infinity;
  const lost = await run(other, ["-c", RESTART]);
  assert.deepEqual([lost.code, other.done], [1, ["a drains"]]);
  assert.match(lost.said, /Box a does not answer any more: .* may drain still/);
});

Deno.test("where a box fails, the next ones are not touched", async () => {
  await using fleet = new PretendedFleet("a", "b");
  const failed = await run(fleet, ["-c", "exit 3"]);
  assert.deepEqual([failed.code, fleet.done], [1, ["a drains"]]);
  assert.match(failed.said, /The command failed for box a/);

  await using other = new PretendedFleet("a", "b");
  const lost = await run(other, ["-c", "true"]);
  assert.deepEqual([lost.code, other.done], [1, ["a drains"]]);
  assert.match(lost.said, /Box a is not back after 1 s/);
});

Deno.test("a box is not drained where no other one is open", async () => {
  await using fleet = new PretendedFleet("a", "b");
  const [, other] = fleet.boxes;
  if (other !== undefined) other.state = "draining";
  const { code, said } = await run(fleet, ["-c", RESTART]);
  assert.deepEqual([code, fleet.done], [1, []]);
  assert.match(said, /no other box is open/);
});

Deno.test("nothing is touched with a wrong token, or without a command or boxes", async () => {
  await using fleet = new PretendedFleet("a", "b");
  const wrong = await run(fleet, ["-c", RESTART], "guessed");
  assert.deepEqual([wrong.code, fleet.done], [1, []]);
  assert.match(wrong.said, /STAT_TOKEN is wrong/);
  assert.equal((await run(fleet, [])).code, 2);
  const { code, said } = await run({ urls: [] }, ["-c", RESTART]);
  assert.equal(code, 2);
  assert.match(said, /^Upgrades the boxes of a fleet/);
  assert.deepEqual(fleet.done, []);
});
