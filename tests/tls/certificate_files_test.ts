/** How the certificate follows its files, and what is said of it. */
import assert from "node:assert/strict";
import type { PemPair } from "../../src/tls/certificate.ts";
import { CertificateFiles } from "../../src/tls/certificate_files.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { TestAuthority } from "../../testing/tls/test_authority.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";

const LOOK_MS = 10_000;
/** Certificates are valid from the second on in which they were made. */
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface Scene {
  readonly authority: TestAuthority;
  readonly clock: FakeClock;
  readonly paths: { readonly certFile: string; readonly keyFile: string };
  readonly write: (pair: Partial<PemPair>) => Promise<void>;
}

async function withScene(play: (scene: Scene) => Promise<void>): Promise<void> {
  await using authority = await TestAuthority.create();
  await withFolder(async (folder) => {
    const paths = { certFile: `${folder}/cert.pem`, keyFile: `${folder}/key.pem` };
    const write = async ({ cert, key }: Partial<PemPair>) => {
      if (cert !== undefined) await Deno.writeTextFile(paths.certFile, cert);
      if (key !== undefined) await Deno.writeTextFile(paths.keyFile, key);
    };
    await play({ authority, clock: new FakeClock(Date.now() + MINUTE_MS), paths, write });
  });
}

/** Lets the files be looked at until `condition` holds. */
async function look(clock: FakeClock, what: string, condition: () => boolean): Promise<void> {
  await until(what, async () => {
    await clock.advance(LOOK_MS);
    return condition();
  });
}

Deno.test("files that change are taken once they fit", async () => {
  await withScene(async ({ authority, clock, paths, write }) => {
    const [old, renewed] = [await authority.issue(), await authority.issue()];
    await write(old);
    const files = await CertificateFiles.open(paths, clock);
    let replaced = 0;
    files.current.onReplaced(() => replaced++);
    await using log = await LogRecorder.start();
    await write({ cert: renewed.cert });
    await look(clock, "that they do not fit is told", () => files.problems.length > 0);
    assert.equal(files.current.pair.cert, old.cert);
    assert.match(files.problems.join(), /TLS_KEY_FILE .*does not belong.*; the old stays$/);
    assert.equal(log.lines.filter((line) => /does not belong/.test(line)).length, 1);
    await write({ key: renewed.key });
    await look(clock, "they are taken", () => files.current.pair.cert === renewed.cert);
    assert.deepEqual(files.problems, []);
    assert.equal(replaced, 1);
    assert.ok(log.lines.some((line) => /has a new certificate/.test(line)));
    files.close();
  });
});

Deno.test("an expired or unreadable pair leaves the old one, and it is said", async () => {
  await withScene(async ({ authority, clock, paths, write }) => {
    const old = await authority.issue();
    await write(old);
    const files = await CertificateFiles.open(paths, clock);
    await write(await authority.issue({ days: 0 }));
    await look(clock, "it is told", () => files.problems.some((text) => /expired on/.test(text)));
    await Deno.remove(paths.keyFile);
    await look(clock, "it is told", () => files.problems.some((text) => /No such/.test(text)));
    await assert.rejects(files.prepare(), /Cannot use TLS_CERT_FILE ".*": No such file/);
    assert.equal(files.current.pair.cert, old.cert);
    await write(old);
    await look(clock, "all is well", () => files.problems.length === 0);
    files.close();
  });
});

Deno.test("what is asked for by hand is taken at once, or refused", async () => {
  await withScene(async ({ authority, clock, paths, write }) => {
    await write(await authority.issue());
    const files = await CertificateFiles.open(paths, clock);
    const renewed = await authority.issue({ chain: true, kind: "rsa" });
    await write(renewed);
    const take = await files.prepare();
    assert.notEqual(files.current.pair.cert, renewed.cert);
    take();
    assert.equal(files.current.pair.cert, renewed.cert);
    files.close();
  });
});

Deno.test("from 14 days before its end on it is said once a day", async () => {
  await withScene(async ({ authority, clock, paths, write }) => {
    await write(await authority.issue({ days: 15 }));
    const files = await CertificateFiles.open(paths, clock);
    await using log = await LogRecorder.start();
    const warnings = () => log.lines.filter((line) => /The TLS certificate expire/.test(line));
    const start = clock.now();
    const goTo = async (days: number) => {
      clock.setWall(start + days * DAY_MS);
      await clock.advance(LOOK_MS);
    };
    await goTo(0.5);
    assert.deepEqual([warnings().length, files.problems.length], [0, 0]);
    await goTo(1.5);
    assert.equal(warnings().length, 1);
    assert.match(warnings().join(), /expires on 20\d\d-\d\d-\d\d, in 13 days, and was not renewed/);
    assert.equal(files.problems.length, 1);
    await goTo(2);
    assert.equal(warnings().length, 1);
    await goTo(2.6);
    assert.equal(warnings().length, 2);
    await goTo(16);
    assert.match(warnings().at(-1) ?? "", /expired on .*: clients refuse it/);
    assert.ok(files.leftMs < 0);
    files.close();
  });
});
