/**
 * Shows of `STORAGE_MINUTES` that go to versitygw while they are live: undisturbed, through a kill of
 * the server, through a store that is gone for a minute; and one that cannot get there for a while.
 */
import assert from "node:assert/strict";
import { AwsV4Signer } from "aws4fetch";
import { Child } from "../../testing/child.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { TEST_KEY } from "../../testing/storage/s3_server.ts";
import {
  figure,
  recordings,
  storageEnv,
  storageProblem,
  type StoreAddress,
} from "../../testing/storage/storing_server.ts";
import { Versitygw } from "../../testing/storage/versitygw.ts";
import { until } from "../../testing/until.ts";

const MINUTES = Number(Deno.env.get("STORAGE_MINUTES") ?? 0);
const PATIENCE_MS = (MINUTES + 5) * 60_000;
const KILOBITS = 512;
/** More than Deno's heap moves by without any upload. */
const MEMORY_BYTES = 64 * 2 ** 20;
const PART_BYTES = 8 * 2 ** 20;
const STORED = "echo_storage_recordings_total";
const EXPECTED = [/Cannot store recordings in \w+: /];

if (MINUTES > 0) {
  scenario(
    `${MINUTES} minutes at ${KILOBITS} kb/s go to the bucket while they are live`,
    async (t) => {
      await using media = await Media.create();
      const minute = await media.encode("minute", {
        ...{ seconds: 60, sampleRate: 48_000, bitrate: `${KILOBITS}k`, noise: true, layout: "5.1" },
      });
      const show = await media.repeat(minute, MINUTES);
      await using store = await Versitygw.start();
      await using gone = await Versitygw.start();
      const steps: Record<string, () => Promise<void>> = {
        "undisturbed": () => undisturbed(store, show),
        "the server is killed": () => killed(store, show),
        "the store is stopped for a minute": () => stopped(gone, show),
        "a wrong secret, and a bucket that is not there": () => refused(store, minute),
      };
      await together(Object.entries(steps), async ([name, fn]) => {
        await t.step({
          name,
          fn,
          sanitizeExit: false,
          sanitizeOps: false,
          sanitizeResources: false,
        });
      });
    },
  );
}

async function undisturbed(store: StoreAddress, show: string): Promise<void> {
  await using server = await EchoServer.start({ env: storageEnv(store) });
  await using encoder = publish(show, server, "whole");
  const sent = () => figure(server, "echo_storage_sent_bytes_total");
  await until("a part is sent", async () => await sent() > 0, PATIENCE_MS);
  const before = await figure(server, "process_resident_memory_bytes");
  let most = before;
  await until("it is over", async () => {
    most = Math.max(most, await figure(server, "process_resident_memory_bytes"));
    return !encoder.running;
  }, PATIENCE_MS);
  const sentLive = await sent();
  const bytes = await assertStored(store, server, "whole");
  console.log(
    `undisturbed: ${bytes} bytes, ${sentLive} of them sent by the end of the show; memory ` +
      `${mib(before)} with the first part, ${mib(most)} at most after it`,
  );
  assert.ok(bytes > 0.95 * MINUTES * 60 * KILOBITS * 125, "it has the bitrate");
  assert.ok(bytes - sentLive < 3 * PART_BYTES, "the first is left for its end, and the last");
  assert.ok(most - before < MEMORY_BYTES);
}

async function killed(store: StoreAddress, show: string): Promise<void> {
  await using server = await EchoServer.start({ env: storageEnv(store) });
  await using _encoder = publish(show, server, "killed");
  const sent = () => figure(server, "echo_storage_sent_bytes_total");
  await until("three parts are sent", async () => await sent() >= 3 * PART_BYTES, PATIENCE_MS);
  const before = await sent();
  await server.stop("SIGKILL");
  await server.startAgain();
  const bytes = await assertStored(store, server, "killed");
  await until("it is known", async () => await figure(server, STORED) === 1);
  const again = await sent();
  console.log(`killed: ${bytes} bytes, ${before} sent before it, ${again} after it`);
  assert.equal(before + again, bytes, "what was sent is not sent again");
}

async function stopped(store: Versitygw, show: string): Promise<void> {
  const env = storageEnv(store);
  await using server = await EchoServer.start({ env, expectedErrors: EXPECTED });
  await using encoder = publish(show, server, "stopped");
  const sent = () => figure(server, "echo_storage_sent_bytes_total");
  const recorded = () => figure(server, "echo_recorded_bytes_total");
  await until("a part is sent", async () => await sent() > 0, PATIENCE_MS);
  await store.close();
  const since = await recorded();
  const minute = 60 * KILOBITS * 1000 / 8;
  await until("it is told", async () => await storageProblem(server) !== "", PATIENCE_MS);
  const words = await storageProblem(server);
  await until("a minute is recorded", async () => await recorded() > since + minute, PATIENCE_MS);
  await store.open();
  await until("nothing is wrong", async () => await storageProblem(server) === "", PATIENCE_MS);
  await until("it is over", () => !encoder.running, PATIENCE_MS);
  const bytes = await assertStored(store, server, "stopped");
  console.log(`stopped: ${bytes} bytes, whole; told: ${words}`);
}

async function refused(store: Versitygw, minute: string): Promise<void> {
  const faults = [
    { name: "secret", bucket: store.bucket, secret: "wrong" },
    { name: "bucket", bucket: "missing", secret: TEST_KEY.secretAccessKey },
  ];
  await together(faults, async ({ name, bucket, secret }) => {
    const key = (secret: string) => `export S3_SECRET_ACCESS_KEY="${secret}"\n`;
    const { S3_SECRET_ACCESS_KEY: _, ...env } = storageEnv({ url: store.url, bucket });
    await using server = await EchoServer.start({
      env: { ...env, RECORD_KEEP: "0" },
      envFile: key(secret),
      expectedErrors: EXPECTED,
    });
    await using encoder = new Encoder(minute, server.rtmpUrl(`live/${name}`));
    await until("it is over", () => !encoder.running, PATIENCE_MS);
    await until("it is told", async () => /disk: 1$/.test(await storageProblem(server)));
    const words = await storageProblem(server);
    const file = `${recordings(server)}/${name}.mp4`;
    const bytes = await Deno.readFile(file);
    if (name === "bucket") await store.makeBucket(bucket);
    await Deno.writeTextFile(`${server.folder}/echo.env`, key(TEST_KEY.secretAccessKey));
    server.kill("SIGHUP");
    const there = { url: store.url, bucket };
    const stored = await until("it is whole", () => read(there, name), PATIENCE_MS);
    assert.deepEqual(stored, bytes);
    await until("it has left the disk", async () => !await isThere(file), PATIENCE_MS);
    console.log(`${name}: on the disk until it was mended, then whole; told: ${words}`);
  });
}

/** An encoder that prints nothing for twenty minutes. */
function publish(file: string, server: EchoServer, name: string): Child {
  const quiet = ["-hide_banner", "-nostdin", "-v", "error", "-nostats"];
  const url = server.rtmpUrl(`live/${name}`);
  return new Child("ffmpeg", [...quiet, "-re", "-i", file, "-c", "copy", "-f", "flv", url]);
}

/** A recording is in the bucket as it is on the disk. @returns its bytes */
async function assertStored(
  store: StoreAddress,
  server: EchoServer,
  name: string,
): Promise<number> {
  const bytes = await until("it is whole", () => read(store, name), PATIENCE_MS);
  assert.deepEqual(bytes, await Deno.readFile(`${recordings(server)}/${name}.mp4`));
  return bytes.length;
}

/** The earliest object of a name; `undefined` where there is none. */
async function read(store: StoreAddress, name: string): Promise<Uint8Array | undefined> {
  const list = await signed(store, `?list-type=2&prefix=rec/${name}/`);
  const [, key] = /<Key>([^<]+)<\/Key>/.exec(await list.text()) ?? [];
  return key === undefined ? undefined : await (await signed(store, `/${key}`)).bytes();
}

async function signed({ url, bucket }: StoreAddress, path: string): Promise<Response> {
  const signer = new AwsV4Signer({
    ...{ ...TEST_KEY, url: `${url}/${bucket}${path}`, service: "s3", region: "us-east-1" },
  });
  const request = await signer.sign();
  return await fetch(request.url, { headers: request.headers });
}

async function isThere(file: string): Promise<boolean> {
  try {
    await Deno.stat(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
