/** Holds the key set to how it is kept up to date, and to what it is while that fails. */
import assert from "node:assert/strict";
import { KeySet, keySetAtUrl, keySetInFile, type KeySetPlace } from "../../src/tokens/key_set.ts";
import { KeySetError, readSigningKeys } from "../../src/tokens/signing_keys.ts";
import { TokenVerifier } from "../../src/tokens/token_verifier.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { Issuer, keySetOf } from "../../testing/tokens/issuer.ts";

const LISTEN = [{ action: "listen", name: "*" }];

/** A place that has what a test puts there. */
class FakePlace implements KeySetPlace {
  readonly name = "issuer.example";
  /** `undefined`: it cannot be reached. */
  text: string | undefined;
  reads = 0;
  /** It answers once this is over. */
  hold: Promise<void> | undefined;

  constructor(text?: string) {
    this.text = text;
  }

  async read(signal: AbortSignal): Promise<string> {
    this.reads++;
    await this.hold;
    signal.throwIfAborted();
    if (this.text === undefined) throw new Error("it cannot be reached");
    return this.text;
  }
}

function setUp(text?: string) {
  const clock = new FakeClock();
  const place = new FakePlace(text);
  const keys = new KeySet({ clock, place });
  const verifier = new TokenVerifier({ clock, keys, issuer: undefined, audience: undefined });
  return { clock, keys, place, verifier, [Symbol.dispose]: () => keys.close() };
}

Deno.test("a key set is read with the first token, and kept", async () => {
  const issuer = new Issuer();
  using house = setUp(keySetOf(issuer));
  await house.verifier.verify(issuer.token(LISTEN));
  await house.verifier.verify(issuer.token(LISTEN));
  assert.equal(house.place.reads, 1);
});

Deno.test("for unknown keys it is read again once in 10 s at most", async () => {
  const issuer = new Issuer();
  const stranger = new Issuer("key-9");
  using house = setUp(keySetOf(issuer));
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 3; i++) {
      await assert.rejects(house.verifier.verify(stranger.token(LISTEN)), /no key of the key set/);
    }
    await house.clock.advance(1000);
  }
  assert.equal(house.place.reads, 6);
});

Deno.test("an operator has it read at once, also where that was begun a moment ago", async () => {
  const [first, second] = [new Issuer("key-1"), new Issuer("key-2")];
  using house = setUp(keySetOf(first));
  const { promise, resolve } = Promise.withResolvers<void>();
  house.place.hold = promise;
  const reading = house.keys.renew();
  const again = house.keys.reread();
  resolve();
  await Promise.all([reading, again]);
  assert.equal(house.place.reads, 2);
  house.place.text = keySetOf(second);
  await house.keys.reread();
  await house.verifier.verify(second.token(LISTEN));
  await assert.rejects(house.verifier.verify(first.token(LISTEN)), /no key of the key set/);
});

Deno.test("keys are rotated without a token being refused", async () => {
  const [first, second] = [new Issuer("key-1"), new Issuer("key-2")];
  using house = setUp(keySetOf(first));
  const old = first.token(LISTEN);
  await house.verifier.verify(old);
  house.place.text = keySetOf(first, second);
  await house.clock.advance(10_000);
  await house.verifier.verify(second.token(LISTEN));
  await house.verifier.verify(old);
  house.place.text = keySetOf(second);
  await house.clock.advance(300_000);
  await house.verifier.verify(second.token(LISTEN));
  await assert.rejects(house.verifier.verify(old), /no key of the key set/);
});

Deno.test("while the key set is down for a minute, its keys go on and nobody else is let in", async () => {
  const [issuer, stranger] = [new Issuer(), new Issuer("key-2")];
  using house = setUp(keySetOf(issuer));
  await house.verifier.verify(issuer.token(LISTEN));
  house.place.text = undefined;
  for (let second = 0; second < 60; second += 5) {
    await house.clock.advance(5000);
    await house.verifier.verify(issuer.token(LISTEN, { claims: { second } }));
    await assert.rejects(house.verifier.verify(stranger.token(LISTEN)), /no key of the key set/);
  }
  assert.match(
    house.keys.problem ?? "",
    /issuer\.example cannot be read, the keys that there were/,
  );
  house.place.text = keySetOf(issuer, stranger);
  await house.clock.advance(10_000);
  await house.verifier.verify(stranger.token(LISTEN));
  assert.equal(house.keys.problem, undefined);
});

Deno.test("a key set that was never there lets nobody in, and is told once, and where it is asked", async () => {
  await using log = await LogRecorder.start();
  const issuer = new Issuer();
  using house = setUp();
  for (let i = 0; i < 5; i++) {
    await assert.rejects(house.verifier.verify(issuer.token(LISTEN)), /no keys yet/);
    await house.clock.advance(10_000);
  }
  assert.equal(log.matching(/no token counts/).length, 1);
  await house.keys.reread();
  assert.equal(log.matching(/no token counts/).length, 2);
  house.place.text = keySetOf(issuer);
  await house.clock.advance(10_000);
  await house.verifier.verify(issuer.token(LISTEN));
});

Deno.test("who waits for the key set is let go after 5 s where it does not answer", async () => {
  const issuer = new Issuer();
  using house = setUp(keySetOf(issuer));
  const answer = Promise.withResolvers<void>();
  house.place.hold = answer.promise;
  const waiting = Promise.all(
    [1, 2, 3].map((i) =>
      assert.rejects(house.verifier.verify(issuer.token(LISTEN, { claims: { i } })), /no keys yet/)
    ),
  );
  await house.clock.advance(5000);
  answer.resolve();
  await waiting;
  assert.equal(house.place.reads, 1);
  assert.match(house.keys.problem ?? "", /no answer within 5 s/);
});

Deno.test("who watches is told of other keys, and not of the same ones", async () => {
  const [first, second] = [new Issuer("key-1"), new Issuer("key-2")];
  using house = setUp(keySetOf(first));
  const told: string[] = [];
  house.keys.watch(({ text }) => told.push(text));
  for (const text of [keySetOf(first), keySetOf(first), undefined, keySetOf(second)]) {
    house.place.text = text;
    await house.keys.renew();
    await house.clock.advance(10_000);
  }
  assert.deepEqual(told, [keySetOf(first), keySetOf(second)]);
});

Deno.test("what is no key set is not taken, and the keys before it stay", async (t) => {
  const issuer = new Issuer();
  const cases: Readonly<Record<string, string>> = {
    "nothing": "",
    "no JSON": "<html>",
    "a list": "[]",
    "null": "null",
    "keys that are no list": '{"keys":{}}',
    "no keys": '{"keys":[]}',
    "a secret alone": '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}',
    "a private key": JSON.stringify({ keys: [issuer.privateJwk] }),
    "101 keys": JSON.stringify({ keys: Array(101).fill(issuer.jwk) }),
  };
  for (const [name, text] of Object.entries(cases)) {
    await t.step(name, async () => {
      assert.throws(() => readSigningKeys(text), KeySetError);
      using house = setUp(keySetOf(issuer));
      await house.keys.renew();
      house.place.text = text;
      await house.clock.advance(10_000);
      await house.keys.renew();
      await house.verifier.verify(issuer.token(LISTEN));
      assert.match(house.keys.problem ?? "", /the keys that there were stay: Cannot/);
    });
  }
});

Deno.test("a key that cannot be used lets nobody in, and the others go on", async () => {
  const [issuer, broken] = [new Issuer("key-1"), new Issuer("key-2")];
  const keys = [issuer.jwk, { ...broken.jwk, y: undefined }, 7, { kty: "odd" }];
  using house = setUp(JSON.stringify({ keys }));
  await house.verifier.verify(issuer.token(LISTEN));
  await assert.rejects(house.verifier.verify(broken.token(LISTEN)), /cannot be used/);
});

Deno.test("a key set of 10 MB is not read to its end, from a URL or a file", async () => {
  const issuer = new Issuer();
  const long = JSON.stringify({ keys: [issuer.jwk], more: "x".repeat(10_000_000) });
  await using served = serve(() => new Response(long));
  const signal = new AbortController().signal;
  await assert.rejects(keySetAtUrl(served.url).read(signal), /larger than 256 KiB/);
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/keys.json`, long);
    await assert.rejects(keySetInFile(`${folder}/keys.json`).read(signal), /larger than 256 KiB/);
  });
});

Deno.test("a key set is read from a URL and from a file", async () => {
  const text = keySetOf(new Issuer());
  const signal = new AbortController().signal;
  await using served = serve(() => new Response(text));
  assert.equal(await keySetAtUrl(served.url).read(signal), text);
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/keys.json`, text);
    assert.equal(await keySetInFile(`${folder}/keys.json`).read(signal), text);
  });
});

Deno.test("why a URL gives no key set is told without the URL", async () => {
  const signal = new AbortController().signal;
  await using served = serve(() => new Response("no", { status: 404 }));
  const place = keySetAtUrl(`${served.url}?key=secret`);
  assert.ok(!place.name.includes("secret"));
  await assert.rejects(place.read(signal), { message: "expected status 200, got 404" });
  const gone = keySetAtUrl("http://127.0.0.1:1/?key=secret");
  await assert.rejects(gone.read(signal), { message: "127.0.0.1:1 cannot be reached" });
});

function serve(handler: () => Response): AsyncDisposable & { readonly url: string } {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}/keys`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
