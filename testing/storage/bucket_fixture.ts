/** A bucket of the server's in a store that is hand-made. */
import { systemClock } from "../../src/session/clock.ts";
import { Bucket, type BucketSettings } from "../../src/storage/bucket.ts";
import { StoreTransport } from "../../src/storage/store_transport.ts";
import type { Clock } from "../../src/session/clock.ts";
import { S3Server, TEST_KEY } from "./s3_server.ts";

/** How the bucket of a store is reached. */
export function settingsOf({ url, bucket }: Pick<S3Server, "url" | "bucket">): BucketSettings {
  return { url, publicUrl: undefined, bucket, region: "us-east-1", ...TEST_KEY };
}

/** A store, and its bucket as the server knows it. */
export class BucketFixture implements AsyncDisposable {
  readonly server: S3Server;
  readonly bucket: Bucket;
  readonly #transport: StoreTransport;

  /** @param clock of the transport's deadlines; the requests are signed with the machine's time */
  constructor(clock: Clock = systemClock, server: S3Server = S3Server.start()) {
    this.server = server;
    this.#transport = new StoreTransport(clock);
    this.bucket = new Bucket(settingsOf(server), {
      clock: systemClock,
      transport: this.#transport,
    });
  }

  closeTransport(): void {
    this.#transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport.close();
    await this.server[Symbol.asyncDispose]();
  }
}
