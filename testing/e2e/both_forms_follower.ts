/** Following a broadcast in both forms, as listeners of either kind do at the same time. */
import { type FollowerOptions, PlaylistFollower } from "../hls_validator/follower.ts";
import { LowFollower } from "../hls_validator/low_follower.ts";
import type { Exception } from "../hls_validator/playlist_rules.ts";

/**
 * Follows a playlist of MPEG-TS, and the one of low latency beside it. What a test knows to be going
 * on excuses both; its disposal fails where a rule of either was broken.
 */
export class BothFormsFollower extends PlaylistFollower {
  /** How it is seen in low latency. */
  readonly low: LowFollower;

  /** @param url of `playlist.m3u8` */
  constructor(url: string, options: FollowerOptions = {}) {
    super(url, options);
    this.low = new LowFollower(url.replace("playlist", "low"));
    for (const exception of options.exceptions ?? []) this.#excuse(exception);
  }

  override allow(exception: Exception): void {
    super.allow(exception);
    this.#excuse(exception);
  }

  override forbid(exception: Exception): void {
    super.forbid(exception);
    if (exception === "serverDown") this.low.serverIsBack();
    if (exception === "afterHold") this.low.mayStandStill = false;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await using stack = new AsyncDisposableStack();
    stack.use(this.low);
    stack.defer(() => super[Symbol.asyncDispose]());
  }

  #excuse(exception: Exception): void {
    if (exception === "serverDown") this.low.serverIsDown();
    if (exception === "afterHold") this.low.mayStandStill = true;
  }
}
