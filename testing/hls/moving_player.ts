/** A player that is sent from box to box, and finds fault with what it is shown. */
import assert from "node:assert/strict";
import { type MediaPlaylist, parseMediaPlaylist } from "../hls_validator/media_playlist.ts";
import { type Exception, isPreroll, PlaylistRules } from "../hls_validator/playlist_rules.ts";
import { SegmentRules } from "../hls_validator/segment_rules.ts";
import type { Box } from "./box.ts";

/** Looks at any box, at any time, and holds all that it sees together to the rules of one playlist. */
export class MovingPlayer {
  /** What was wrong so far. */
  readonly breaches: string[] = [];
  /** What is going on, so that it is no breach. */
  readonly exceptions = new Set<Exception>();
  /** Each segment that it saw, by number, and what was played of it. */
  readonly heard = new Map<number, { readonly uri: string; readonly frames: number }>();
  #playlist: MediaPlaylist | undefined;
  #text = "";
  readonly #rules = new PlaylistRules({
    exceptions: this.exceptions,
    onBreach: (breach) => this.breaches.push(breach),
  });
  readonly #segmentRules = new SegmentRules((breach) => this.breaches.push(breach));
  #lastTime = 0;

  /** The newest version that it saw. */
  get playlist(): MediaPlaylist {
    assert.ok(this.#playlist);
    return this.#playlist;
  }

  /** Looks at what `box` shows, and fetches there what is new in it. */
  async look(box: Box): Promise<void> {
    const text = await box.served();
    if (text === undefined) return;
    const at = box.clock.monotonic();
    if (text !== this.#text || this.#playlist === undefined) {
      this.#playlist = parseMediaPlaylist(text);
      this.#text = text;
    }
    this.#rules.observe(this.#playlist, { askedAt: at, answeredAt: at });
    for (const listed of this.#playlist.segments) {
      if (this.heard.has(listed.sequence)) continue;
      if (isPreroll(listed)) {
        this.heard.set(listed.sequence, { uri: listed.uri, frames: 0 });
        continue;
      }
      const bytes = await box.origin.segment("demo", listed.uri);
      const read = bytes && this.#segmentRules.observe(listed, bytes.bytes);
      if (read === undefined) this.breaches.push(`${listed.uri} cannot be had at ${box.id}`);
      const { programDateTime = 0 } = listed;
      if (programDateTime < this.#lastTime) this.breaches.push(`${listed.uri} is of earlier`);
      this.#lastTime = programDateTime;
      this.heard.set(listed.sequence, { uri: listed.uri, frames: read?.frames.length ?? 0 });
    }
  }
}
