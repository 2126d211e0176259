/** Object storage: sends recordings to a bucket, and knows what is there. */
import type { Config } from "../config.ts";
import type { RecordFolder } from "../record/record_folder.ts";
import { Bucket, type BucketSettings } from "../storage/bucket.ts";
import { PartThread } from "../storage/part_thread.ts";
import { StoredRecordings } from "../storage/stored_recordings.ts";
import { StoreTransport } from "../storage/store_transport.ts";
import { Uploader } from "../storage/uploader.ts";
import type { Core } from "./core.ts";
import type { Reload } from "./reload.ts";

/** What has recordings go to the bucket. */
export interface Storage {
  readonly uploader: Uploader;
  /** What is in the bucket. */
  readonly recordings: StoredRecordings;
  /** Applies another key. */
  readonly reload: Reload;
}

/** The bucket that is configured; `undefined` where there is none. */
export function bucketSettings({ storage }: Pick<Config, "storage">): BucketSettings | undefined {
  const { url, publicUrl, bucket, region, accessKeyId, secretAccessKey } = storage;
  if (url === undefined || bucket === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { url, publicUrl, bucket, region, accessKeyId, secretAccessKey };
}

/**
 * Starts to send what is in the folder of recordings. To be called before recordings begin.
 * @param isNeeded whether somebody still reads a file, known by its identity
 * @returns `undefined` where there is no bucket
 */
export function startStorage(
  core: Core,
  folder: RecordFolder,
  isNeeded: (identity: string) => boolean,
): Storage | undefined {
  const { config, clock, events, health, stops } = core;
  const { prefix, keepsFiles, maxAgeMs } = config.storage;
  const settings = bucketSettings(config);
  if (settings === undefined) return undefined;
  const transport = new StoreTransport(clock);
  const bucket = new Bucket(settings, { clock, transport });
  const work = new PartThread(settings);
  const uploader = new Uploader({
    ...{ clock, events, folder, bucket, work, prefix, keepsFiles, isNeeded },
    onChanged: (recording, bytes) => recordings.changed(recording, bytes),
  });
  const recordings = new StoredRecordings({ clock, bucket, prefix, maxAgeMs, uploads: uploader });
  health.add("storage", () => uploader.problems);
  stops.add(async () => {
    recordings.close();
    const stopping = uploader.stop();
    work.close();
    transport.close();
    await stopping;
  });
  return {
    uploader,
    recordings,
    reload: ({ storage: { accessKeyId, secretAccessKey } }) => () => {
      if (accessKeyId === undefined || secretAccessKey === undefined) return;
      const changed = { ...bucket.settings, accessKeyId, secretAccessKey };
      bucket.settings = changed;
      work.settings = changed;
    },
  };
}

/** Where browsers get recordings from that are in the bucket alone; `undefined`: nowhere. */
export function bucketOrigin(config: Pick<Config, "storage">): string | undefined {
  const { url, publicUrl, bucket } = bucketSettings(config) ?? {};
  if (url === undefined || bucket === undefined) return undefined;
  return new URL((publicUrl ?? url).replaceAll("{bucket}", bucket)).origin;
}
