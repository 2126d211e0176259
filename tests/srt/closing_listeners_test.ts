/** Listeners of libsrt that are closed a few at a time. */
import assert from "node:assert/strict";
import { listenSrt, loadSrt, type SrtListener } from "../../ffi/srt.ts";
import { ClosingListeners } from "../../src/srt/closing_listeners.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

Deno.test("at most twenty listeners are closed in a second, and a single one at once", async () => {
  using stack = new DisposableStack();
  const srt = stack.adopt(loadSrt(), (srt) => srt.close());
  const listeners = Array.from({ length: 25 }, () => {
    return listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
  });
  const clock = new FakeClock();
  const closing = new ClosingListeners(clock);
  for (const listener of listeners) closing.close(listener);
  assert.equal(closedOf(listeners), 1);
  await clock.advance(950);
  assert.equal(closedOf(listeners), 20);
  await clock.advance(1000);
  assert.equal(closedOf(listeners), 25);
  assert.equal(clock.timerCount, 0, "nothing waits");
});

Deno.test("where all have to be closed none waits", () => {
  using stack = new DisposableStack();
  const srt = stack.adopt(loadSrt(), (srt) => srt.close());
  const listeners = Array.from({ length: 3 }, () => {
    return listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
  });
  const clock = new FakeClock();
  const closing = new ClosingListeners(clock);
  for (const listener of listeners) closing.close(listener);
  closing.closeAll();
  assert.equal(closedOf(listeners), 3);
  assert.equal(clock.timerCount, 0);
});

Deno.test("a listener whose port is needed is closed before its turn", () => {
  using stack = new DisposableStack();
  const srt = stack.adopt(loadSrt(), (srt) => srt.close());
  const listeners = Array.from({ length: 3 }, () => {
    return listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
  });
  const closing = new ClosingListeners(new FakeClock());
  for (const listener of listeners) closing.close(listener);
  const last = listeners[2]?.address.port ?? 0;
  closing.free(last);
  assert.equal(listeners[2]?.closed, true);
  assert.equal(closedOf(listeners), 2);
});

Deno.test("where two hundred wait, the port of the one that has waited longest is to be used again", () => {
  using stack = new DisposableStack();
  const srt = stack.adopt(loadSrt(), (srt) => srt.close());
  const clock = new FakeClock();
  const closing = new ClosingListeners(clock);
  const ports = Array.from({ length: 201 }, () => {
    const listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
    assert.equal(closing.portToReuse, undefined);
    closing.close(listener);
    return listener.address.port;
  });
  const [, second = 0, third] = ports;
  assert.equal(closing.portToReuse, second, "the first was closed at once");
  closing.free(second);
  assert.equal(closing.portToReuse, undefined);
  const again = stack.use(listenSrt(srt, { hostname: "127.0.0.1", port: second }));
  closing.close(again);
  assert.equal(closing.portToReuse, third);
  closing.closeAll();
});

function closedOf(listeners: readonly SrtListener[]): number {
  return listeners.filter(({ closed }) => closed).length;
}
