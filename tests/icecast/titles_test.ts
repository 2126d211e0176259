/** Who may tell titles of a broadcast that another connection publishes. */
import assert from "node:assert/strict";
import { mountTarget } from "../../src/icecast/source_target.ts";
import { EventBus } from "../../src/session/events.ts";
import type { Transport } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import type { AuthMode } from "../../src/session/publish_rights.ts";
import { tellTitle } from "../../src/session/titles.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { FakeAuthority } from "../../testing/session/fake_authority.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

const TAGS = { title: "Sinnerman", artist: "Nina Simone" };

/** A broadcast that is on air, and who may publish it. */
async function onAir(auth: AuthMode) {
  const clock = new FakeClock();
  const keys = new KeyStore(clock, 0);
  const authority = new FakeAuthority();
  const sessions = sessionManager({ clock, events: new EventBus(), keys, auth, authority });
  const key = auth === "key" ? keys.create("demo").token : "sesame";
  const transport: Transport = { protocol: "rtmp", address: "192.0.2.1", close: () => {} };
  const request = { name: "demo", key, transport };
  const approved = await sessions.ask(request);
  const ingest = sessions.publish({ ...request, approved });
  ingest.configure(audioConfig());
  ingest.write(Uint8Array.of(1, 2, 3), 0);
  const tell = async (password: string, mount = "/demo") => {
    const target = mountTarget(mount, { user: "source", key: password });
    const telling = tellTitle(
      sessions,
      { ...target, transport: { protocol: "icecast", address: "192.0.2.9", close: () => {} } },
      TAGS,
    ).then((told) => ({ told }), ({ kind }) => ({ kind }));
    await clock.advance(0);
    const outcome = await telling;
    ingest.write(Uint8Array.of(1, 2, 3), 21);
    return { outcome, title: sessions.find("demo")?.tags?.title };
  };
  return { key, sessions, tell };
}

for (const auth of ["key", "hook", "jwt"] as const) {
  Deno.test(`${auth}: who may publish tells the title of what another door takes`, async () => {
    const { key, sessions, tell } = await onAir(auth);
    assert.deepEqual(await tell(key), { outcome: { told: true }, title: TAGS.title });
    sessions.stop("shutdown", { code: 0, message: "" });
  });

  Deno.test(`${auth}: a wrong password tells nothing`, async () => {
    const { sessions, tell } = await onAir(auth);
    const kind = auth === "key" ? "key-unknown" : "not-allowed";
    assert.deepEqual(await tell("wrong"), { outcome: { kind }, title: undefined });
    sessions.stop("shutdown", { code: 0, message: "" });
  });
}

Deno.test("open: a stranger tells nothing of who is on air", async () => {
  const { sessions, tell } = await onAir("open");
  assert.deepEqual(await tell("any"), { outcome: { kind: "name-in-use" }, title: undefined });
  sessions.stop("shutdown", { code: 0, message: "" });
});

Deno.test("what is not on air has no title", async () => {
  const { sessions, tell } = await onAir("open");
  assert.deepEqual(await tell("any", "/other"), { outcome: { told: false }, title: undefined });
  sessions.stop("shutdown", { code: 0, message: "" });
});
