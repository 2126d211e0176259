/** Checks whether recordings could go to the bucket. */
import { systemClock } from "../../session/clock.ts";
import type { Config } from "../../config.ts";
import { Bucket } from "../../storage/bucket.ts";
import { StoreTransport } from "../../storage/store_transport.ts";
import { folderOf } from "../../storage/object_keys.ts";
import { bucketSettings } from "../storage.ts";
import { error, type Finding, reason } from "./finding.ts";

/** Reads the list of what is there, begins an upload and gives it up: nothing of it stays. */
export async function checkStorage(config: Config): Promise<Finding[]> {
  const settings = bucketSettings(config);
  if (settings === undefined || !config.record.enabled) return [];
  const transport = new StoreTransport(systemClock);
  const bucket = new Bucket(settings, { clock: systemClock, transport });
  const folder = folderOf(config.storage.prefix);
  const key = `${folder}echo-check`;
  try {
    await bucket.list(folder, undefined, 1);
    await bucket.abort({ key, uploadId: await bucket.begin(key, "check") });
    return [];
  } catch (thrown) {
    const text = `Cannot store recordings in ${settings.bucket}: ${reason(thrown)}`;
    return [error(`S3_URL: ${text}`)];
  } finally {
    transport.close();
  }
}
