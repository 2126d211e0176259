/** When handshakes begin: at a rate, and by turns of those who want to. */
import assert from "node:assert/strict";
import { FREE_TURNS, HandshakeTurns } from "../../src/tls/handshake_turns.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

const PER_SECOND = 100;
const FLOODER = "192.0.2.66";

/** Turns, and whose have come, in order. */
class Scene {
  readonly clock = new FakeClock();
  readonly turns = new HandshakeTurns({ clock: this.clock, perSecond: PER_SECOND });
  readonly begun: string[] = [];

  ask(address: string): () => void {
    return this.turns.await(address, () => void this.begun.push(address));
  }

  /** Somebody asks for more than may begin. */
  flood(count: number): void {
    for (let i = 0; i < count; i++) this.ask(FLOODER);
  }
}

Deno.test("a few handshakes begin at once, and further ones at a rate", async () => {
  const scene = new Scene();
  scene.flood(1000);
  assert.equal(scene.begun.length, FREE_TURNS);
  await scene.clock.advance(1000);
  assert.equal(scene.begun.length, FREE_TURNS + PER_SECOND);
  await scene.clock.advance(10_000);
  assert.equal(scene.begun.length, 1000);
  assert.equal(scene.clock.timerCount, 0, "nothing is waited for");
  await scene.clock.advance(10_000);
  scene.flood(1000);
  assert.equal(scene.begun.length, 1000 + FREE_TURNS, "turns that nobody took are not kept");
});

Deno.test("however many one address asks for, another one has the next turn", async () => {
  const scene = new Scene();
  scene.flood(1000);
  await scene.clock.advance(500);
  scene.begun.splice(0);
  scene.ask("198.51.100.1");
  scene.ask("2001:db8::1");
  scene.ask("2001:db8::2");
  await scene.clock.advance(60);
  const [one, other, third] = ["198.51.100.1", "2001:db8::1", "2001:db8::2"];
  assert.deepEqual(scene.begun, [FLOODER, one, other, FLOODER, third, FLOODER]);
});

Deno.test("a crowd of as many addresses begins within seconds, also beside a flood", async () => {
  const scene = new Scene();
  scene.flood(5000);
  const crowd = Array.from({ length: 500 }, (_, i) => `198.51.${i % 2}.${i >> 1}`);
  for (const address of crowd) scene.ask(address);
  await scene.clock.advance(6000);
  assert.deepEqual(crowd.filter((address) => !scene.begun.includes(address)), []);
});

Deno.test("who leaves before its turn costs none", async () => {
  const scene = new Scene();
  scene.flood(FREE_TURNS);
  const leave = [1, 2, 3].map(() => scene.ask("198.51.100.1"));
  scene.ask("198.51.100.2");
  for (const go of leave) go();
  await scene.clock.advance(10);
  assert.deepEqual(scene.begun.slice(FREE_TURNS), ["198.51.100.2"]);
  const last = scene.ask("198.51.100.3");
  last();
  last();
  assert.equal(scene.clock.timerCount, 0, "nothing is waited for");
});
