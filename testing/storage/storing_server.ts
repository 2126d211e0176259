/** Echo with a bucket: its variables, its figures, and recordings that are larger than a part. */
import { Archive } from "../record/archive.ts";
import { EchoServer } from "../e2e/echo_server.ts";
import { metricsOf } from "../e2e/stat_request.ts";
import { until } from "../until.ts";
import { TEST_KEY } from "./s3_server.ts";

/** Where a store is. */
export interface StoreAddress {
  readonly url: string;
  readonly bucket: string;
}

/** Errors that are to be logged while a store fails. */
export const STORE_FAILS: readonly RegExp[] = [/Cannot store recordings in recordings: /];

/** The variables of a bucket. */
export function storageEnv({ url, bucket }: StoreAddress): Record<string, string> {
  return {
    S3_URL: url,
    S3_BUCKET: bucket,
    S3_ACCESS_KEY_ID: TEST_KEY.accessKeyId,
    S3_SECRET_ACCESS_KEY: TEST_KEY.secretAccessKey,
  };
}

/** A figure of the server's, by the name of its metric. */
export async function figure(server: EchoServer, metric: string): Promise<number> {
  const line = (await metricsOf(server)).split("\n").find((line) => line.startsWith(`${metric} `));
  return Number(line?.split(" ")[1] ?? NaN);
}

/** What `/health` tells of the server's bucket; empty where nothing is wrong. */
export async function storageProblem({ statPort }: EchoServer): Promise<string> {
  const headers = { Accept: "application/json" };
  const response = await fetch(`http://127.0.0.1:${statPort}/health`, { headers });
  const { problems = [] } = await response.json();
  return problems.filter((problem: string) => problem.includes("bucket") || /stored/.test(problem))
    .join();
}

/** The folder of a server's recordings. */
export function recordings({ folder }: EchoServer): string {
  return `${folder}/output/record`;
}

/** Writes the unfinished recording of a show into a folder, as a crash leaves it behind. */
export async function leaveRecording(folder: string, name: string, bytes: number): Promise<void> {
  await using archive = await Archive.open();
  const show = archive.begin(name);
  const frame = 4000;
  for (let sent = 0; sent < bytes; sent += frame * 47) {
    const { writtenBytes } = archive.recorder;
    for (let i = 0; i < 47; i++) show.write(crypto.getRandomValues(new Uint8Array(frame)));
    await until("a second is written", () => archive.recorder.writtenBytes > writtenBytes);
    await show.clock.advance(1000);
  }
  const [part = ""] = await archive.files();
  await Deno.mkdir(folder, { recursive: true });
  await Deno.copyFile(archive.folder.pathOf(part), `${folder}/${part}`);
  show.end();
}
