/** An archive whose recordings go to a store, on a clock that is moved by hand. */
import assert from "node:assert/strict";
import type { Bucket } from "../../src/storage/bucket.ts";
import { LocalPartWork } from "../../src/storage/part_job.ts";
import { Uploader, type UploaderOptions } from "../../src/storage/uploader.ts";
import { FakeClock } from "../fake_clock.ts";
import { Archive, type ArchiveOptions, START } from "../record/archive.ts";
import { until } from "../until.ts";
import { BucketFixture } from "./bucket_fixture.ts";
import { S3Server } from "./s3_server.ts";

/** A second of a test's show has about 700 bytes. */
export const SMALL_PART_BYTES = 1000;

export interface StoredArchiveOptions extends Omit<ArchiveOptions, "mayRemove"> {
  /** Default: a new one, closed in the end. */
  readonly server?: S3Server;
  readonly keepsFiles?: boolean;
  /** Default: {@link SMALL_PART_BYTES}. */
  readonly partBytes?: number;
  readonly isNeeded?: (identity: string) => boolean;
  readonly onChanged?: UploaderOptions["onChanged"];
}

/** A recorder and an uploader in the same folder, and the store. */
export class StoredArchive implements AsyncDisposable {
  readonly archive: Archive;
  readonly uploader: Uploader;
  readonly server: S3Server;
  readonly clock: FakeClock;
  readonly bucket: Bucket;
  readonly #fixture: BucketFixture;
  readonly #keepsServer: boolean;

  private constructor(
    archive: Archive,
    uploader: Uploader,
    fixture: BucketFixture,
    keeps: boolean,
  ) {
    this.archive = archive;
    this.uploader = uploader;
    this.server = fixture.server;
    this.bucket = fixture.bucket;
    this.clock = archive.clock;
    this.#fixture = fixture;
    this.#keepsServer = keeps;
  }

  static async open(options: StoredArchiveOptions = {}): Promise<StoredArchive> {
    const { server, keepsFiles = true, isNeeded, clock = new FakeClock(START), ...own } = options;
    const { partBytes = SMALL_PART_BYTES, onChanged } = options;
    const archive = await Archive.open({
      ...{ ...own, clock },
      mayRemove: (file) => uploader.mayRemove(file),
    });
    const fixture = new BucketFixture(clock, server ?? S3Server.start());
    const uploader = new Uploader({
      ...{ clock, events: archive.bus, folder: archive.folder, bucket: fixture.bucket },
      ...{ work: new LocalPartWork(fixture.bucket), prefix: "rec", keepsFiles, isNeeded },
      ...{ partBytes, onChanged },
    });
    return new StoredArchive(archive, uploader, fixture, server !== undefined);
  }

  /** Lets time pass, second by second, until something is so. */
  readonly pass = async (
    what: string,
    probe: () => boolean | Promise<boolean>,
  ): Promise<void> => {
    await until(what, async () => {
      await this.clock.advance(1000);
      return await probe();
    });
  };

  /** Waits until that is in the bucket, and is what is on the disk. */
  readonly expectStored = async (key: string, file: string): Promise<void> => {
    await this.pass(`${key} is in the bucket`, () => this.server.objects.has(key));
    assert.deepEqual(this.server.objects.get(key)?.bytes, await this.archive.read(file));
  };

  /** All in the folder but what is hidden. */
  readonly files = async (): Promise<string[]> => {
    return (await this.archive.files()).filter((file) => !file.startsWith("."));
  };

  /** Sends nothing any more, as after a crash. */
  async stopSending(): Promise<void> {
    const stopping = this.uploader.stop();
    this.#fixture.closeTransport();
    await stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopSending();
    await this.archive[Symbol.asyncDispose]();
    if (!this.#keepsServer) await this.server[Symbol.asyncDispose]();
  }
}
