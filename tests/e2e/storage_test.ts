/** Shows that go to a bucket: played from there, through kills of the server, with a wrong key. */
import assert from "node:assert/strict";
import { EchoServer, runEcho } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { PageVisits } from "../../testing/players/page_visits.ts";
import { S3Server } from "../../testing/storage/s3_server.ts";
import {
  figure,
  leaveRecording,
  recordings,
  storageEnv,
  storageProblem,
  STORE_FAILS,
} from "../../testing/storage/storing_server.ts";
import { TestAuthority } from "../../testing/tls/test_authority.ts";
import { until } from "../../testing/until.ts";

const PART_BYTES = 8 * 2 ** 20;

scenario("a show leaves the disk for the bucket, from which operators play it", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 4 });
  await using store = S3Server.start();
  const env = { ...storageEnv(store), RECORD_KEEP: "0" };
  await using server = await EchoServer.start({ env });
  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await encoder.end();
  const [key = ""] = await until("it is in the bucket", () => {
    return store.objects.size > 0 && [...store.objects.keys()];
  });
  assert.match(key, /^rec\/demo\/\d{8}T\d{6}Z\.mp4$/);
  await until("the disk has nothing of it", async () => {
    const files = await Array.fromAsync(Deno.readDir(recordings(server)));
    return files.every(({ name }) => !name.startsWith("demo"));
  });
  const file = await media.keep("stored.mp4", store.objects.get(key)?.bytes ?? new Uint8Array());
  const [sent, got] = await Promise.all([media.readFrames(clip), media.readFrames(file)]);
  assert.equal(got.length, sent.length);

  const origin = `http://127.0.0.1:${server.statPort}`;
  await using visits = await PageVisits.start(origin, { others: [store.url] });
  const page = await visits.open("/");
  page.setDefaultTimeout(60_000);
  await page.getByText("in bucket").waitFor();
  await page.getByRole("button", { name: /^Play demo/ }).click();
  await until("it plays", () => {
    return page.evaluate<boolean>("document.querySelector('audio').currentTime > 0.5");
  });
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: /^Delete demo/ }).click();
  await page.getByText("removed from the bucket, for good").waitFor();
  await page.getByRole("button", { name: "Delete recording" }).click();
  await page.locator("#recordings-empty").waitFor();
  assert.equal(store.objects.size, 0);
  assert.deepEqual(visits.complaints, []);
});

scenario("an upload goes on after the server was killed in the middle of a part", async () => {
  await using store = S3Server.start();
  await using server = await EchoServer.start({ env: storageEnv(store) });
  await server.stop("SIGKILL");
  await leaveRecording(recordings(server), "demo", 5 * PART_BYTES);
  let isHeld = true;
  store.behave = ({ part }) => part === 4 && isHeld ? "silent" : "good";
  await server.startAgain();
  await until("the part is on its way", () => store.requests.some(({ part }) => part === 4));
  await server.stop("SIGKILL");
  isHeld = false;
  const before = store.count("UploadPart");
  await server.startAgain();
  const [object] = await until("it is whole", () => {
    return store.objects.size > 0 && [...store.objects.values()];
  });
  assert.deepEqual(object?.bytes, await Deno.readFile(`${recordings(server)}/demo.mp4`));
  assert.ok((object?.bytes.length ?? 0) > 5 * PART_BYTES);
  assert.equal(store.count("CreateMultipartUpload"), 1);
  // Those that it had are not sent again: the one that was cut off is, and what follows it.
  assert.equal(store.count("UploadPart") - before, 4);
  await until(
    "it is known",
    async () => await figure(server, "echo_storage_recordings_total") === 1,
  );
});

scenario("a wrong key is told of, and mended while the server runs", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 2 });
  await using store = S3Server.start();
  const { S3_SECRET_ACCESS_KEY, ...env } = storageEnv(store);
  const key = (secret: string) => `export S3_SECRET_ACCESS_KEY="${secret}"\n`;
  await using server = await EchoServer.start({
    env: { ...env, RECORD_KEEP: "0" },
    envFile: key("a-wrong-secret"),
    expectedErrors: STORE_FAILS,
  });
  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await encoder.end();
  const words = await until("it is told", async () => {
    const problem = await storageProblem(server);
    return problem !== "" && problem;
  });
  assert.match(words, /^Recordings cannot be stored in recordings: .*; finished ones .* disk: 1$/);
  await server.line(/Cannot store recordings in recordings: .*They stay on the disk/);
  assert.ok((await Deno.stat(`${recordings(server)}/demo.mp4`)).isFile);
  assert.equal(store.objects.size, 0);
  await Deno.writeTextFile(`${server.folder}/echo.env`, key(S3_SECRET_ACCESS_KEY ?? ""));
  server.kill("SIGHUP");
  await until("it is in the bucket", () => store.objects.size === 1, 120_000);
  await until("nothing is wrong", async () => await storageProblem(server) === "");
  assert.ok(!server.log.join("\n").includes("a-wrong-secret"));
});

scenario("a store is asked over TLS, where its certificate is trusted", async () => {
  await using authority = await TestAuthority.create();
  await using store = S3Server.start(await authority.issue());
  const found = async (trusted: Readonly<Record<string, string>>) => {
    const folder = await Deno.makeTempDir({ prefix: "echo-check-" });
    const env = { ...storageEnv(store), ...trusted };
    await using check = runEcho(["check"], { env, cwd: folder });
    await check.end();
    await Deno.remove(folder, { recursive: true });
    return check.lines.filter((line) => line.includes("S3_URL")).join();
  };
  assert.equal(await found({ DENO_CERT: authority.rootFile }), "");
  assert.ok(store.count("CreateMultipartUpload") === 1 && store.uploads.size === 0);
  assert.match(await found({}), /Cannot store recordings in recordings: Unreachable: .*cert/i);
});
