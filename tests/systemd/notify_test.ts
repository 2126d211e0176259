/** What systemd is told (sd_notify(3)): ready, reloading, alive, stopping. */
import assert from "node:assert/strict";
import { ServiceNotifier } from "../../src/systemd/notify.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { NotifyReceiver } from "../../testing/systemd/notify_receiver.ts";

const PID = 4711;
/** Elsewhere there is no systemd, and none of its sockets. */
const ignore = Deno.build.os !== "linux";

/** A service on a clock of its own, and what systemd hears of it. */
async function withService(
  env: Record<string, string>,
  use: (service: ServiceNotifier, systemd: NotifyReceiver, clock: FakeClock) => unknown,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "echo-notify-" });
  try {
    using systemd = new NotifyReceiver(`${folder}/notify`);
    const clock = new FakeClock();
    const given = { NOTIFY_SOCKET: `${folder}/notify`, ...env };
    const service = new ServiceNotifier({ env: given, pid: PID, clock });
    await use(service, systemd, clock);
    service.close();
    assert.equal(clock.timerCount, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "systemd hears that the service is ready, rereads its configuration and stops",
  ignore,
  fn: () =>
    withService({}, (service, systemd) => {
      service.ready(() => "3 on air");
      service.reloading();
      service.ready(() => "3 on air");
      service.stopping();
      const messages = systemd.messages;
      assert.deepEqual(messages.map((message) => message.replace(/\d{3,}/, "N")), [
        "READY=1\nSTATUS=3 on air",
        "RELOADING=1\nMONOTONIC_USEC=N",
        "READY=1",
        "STOPPING=1\nSTATUS=stops",
      ]);
    }),
});

Deno.test({
  name: "a reload is dated by the clock of systemd",
  ignore,
  fn: () =>
    withService({}, async (service, systemd) => {
      service.reloading();
      const uptime = Number((await Deno.readTextFile("/proc/uptime")).split(" ")[0]);
      const seconds = Number(/MONOTONIC_USEC=(\d+)/.exec(systemd.messages[0] ?? "")?.[1]) / 1e6;
      // Uptime counts sleep as well, in hundredths.
      assert.ok(seconds > 0 && seconds <= uptime + 0.01, `${seconds} of ${uptime}`);
    }),
});

Deno.test({
  name: "an abstract socket is found",
  ignore,
  fn: () => {
    const name = `@echo-test-${crypto.randomUUID()}`;
    using systemd = new NotifyReceiver(name);
    const service = new ServiceNotifier({
      env: { NOTIFY_SOCKET: name },
      pid: PID,
      clock: new FakeClock(),
    });
    service.ready(() => "nobody on air");
    assert.deepEqual(systemd.lines, ["READY=1", "STATUS=nobody on air"]);
    service.close();
  },
});

Deno.test({
  name: "a sign of life is sent twice in the time that the watchdog gives",
  ignore,
  fn: () =>
    withService({ WATCHDOG_USEC: "6000000", WATCHDOG_PID: String(PID) }, async (...parts) => {
      const [, systemd, clock] = parts;
      await clock.advance(6000);
      assert.deepEqual(systemd.lines.filter((line) => line !== "STATUS=starting"), [
        "WATCHDOG=1",
        "WATCHDOG=1",
      ]);
    }),
});

Deno.test({
  name: "no sign of life is sent while the server says that it cannot do its work",
  ignore,
  fn: () =>
    withService({ WATCHDOG_USEC: "6000000" }, async (service, systemd, clock) => {
      let works = true;
      service.ready(() => "3 on air", () => works);
      const signs = () => systemd.lines.filter((line) => line === "WATCHDOG=1").length;
      await clock.advance(6000);
      assert.equal(signs(), 2);
      works = false;
      await clock.advance(60_000);
      assert.equal(signs(), 2);
      works = true;
      await clock.advance(3000);
      assert.equal(signs(), 3);
    }),
});

Deno.test({
  name: "no sign of life is sent for another process, or where nobody waits for one",
  ignore,
  fn: async () => {
    for (
      const env of [{ WATCHDOG_USEC: "6000000", WATCHDOG_PID: "1" }, { WATCHDOG_USEC: "0" }, {}]
    ) {
      await withService(env, async (_, systemd, clock) => {
        await clock.advance(60_000);
        assert.deepEqual(systemd.lines, ["STATUS=starting"]);
      });
    }
  },
});

Deno.test({
  name: "the status is sent when it has changed, in one line",
  ignore,
  fn: () =>
    withService({}, async (service, systemd, clock) => {
      let status = "1 on air";
      service.ready(() => status);
      await clock.advance(20_000);
      status = "2 on air\nREADY=0";
      await clock.advance(20_000);
      assert.deepEqual(systemd.lines, ["READY=1", "STATUS=1 on air", "STATUS=2 on air READY=0"]);
    }),
});

Deno.test({
  name: "while it drains it asks for more time again and again, and once for its stop",
  ignore,
  fn: () =>
    withService({}, async (service, systemd, clock) => {
      service.draining(() => "drains: 1 on air");
      await clock.advance(10_000);
      service.stopping();
      await clock.advance(60_000);
      const more = "EXTEND_TIMEOUT_USEC=30000000";
      assert.deepEqual(systemd.messages, [
        `STOPPING=1\n${more}\nSTATUS=drains: 1 on air`,
        more,
        more,
        `STOPPING=1\n${more}\nSTATUS=stops`,
      ]);
    }),
});

Deno.test({
  name: "a state and a status that systemd had no room for are told once it has",
  ignore,
  fn: () =>
    withService({ WATCHDOG_USEC: "2000000" }, async (service, systemd, clock) => {
      await using _log = await LogRecorder.start();
      // More than any queue of the kernel's holds.
      await clock.advance(2_000_000);
      service.ready(() => "1 on air");
      const before = systemd.lines.length;
      assert.ok(!systemd.lines.includes("READY=1"), "the queue was full");
      await clock.advance(1000);
      assert.deepEqual(systemd.lines.slice(before), ["READY=1", "WATCHDOG=1", "STATUS=1 on air"]);
      await clock.advance(1000);
      assert.deepEqual(systemd.lines.slice(before + 3), ["WATCHDOG=1"]);
    }),
});

Deno.test({
  name: "a socket where nobody reads costs one line in the log, and nothing else",
  ignore,
  fn: async () => {
    await using log = await LogRecorder.start();
    const clock = new FakeClock();
    const env = { NOTIFY_SOCKET: "/nowhere/notify", WATCHDOG_USEC: "1000000" };
    const service = new ServiceNotifier({ env, pid: PID, clock });
    service.ready(() => "0 on air");
    await clock.advance(60_000);
    service.close();
    assert.deepEqual(log.lines, [
      "warning Cannot notify systemd: it does not take what is sent",
    ]);
  },
});

Deno.test({
  name: "a socket of another kind is refused with a line that shows it",
  ignore,
  fn: async () => {
    for (const name of ["vsock:2:1234", "@", `/${"x".repeat(107)}`]) {
      await using log = await LogRecorder.start();
      const env = { NOTIFY_SOCKET: name };
      new ServiceNotifier({ env, pid: PID, clock: new FakeClock() }).close();
      assert.deepEqual(log.lines, [
        "warning Cannot notify systemd: Cannot use the socket: expected /PATH or @NAME, " +
        `got "${name}"`,
      ]);
    }
  },
});

Deno.test("without systemd nothing is sent and nothing waits", async () => {
  await using log = await LogRecorder.start();
  const clock = new FakeClock();
  const service = new ServiceNotifier({ env: {}, pid: PID, clock });
  service.ready(() => assert.fail("nobody wants to know"));
  service.reloading();
  service.draining(() => assert.fail("nobody wants to know"));
  service.stopping();
  assert.equal(clock.timerCount, 0);
  service.close();
  assert.deepEqual(log.lines, []);
});
