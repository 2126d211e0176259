/**
 * Asks other boxes what the endless streams of their broadcasts are called: their names tell the
 * codec, which the registry does not know.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { NamedStream } from "../../hls/progressive/stream_messages.ts";
import type { FleetView } from "../fleet_view.ts";
import { type BoxLinks, type BoxPlace, BoxUnreachable } from "./box_links.ts";
import type { RemoteStreams } from "./remote_streams.ts";

export interface StreamNamesOptions {
  readonly links: Pick<BoxLinks, "request">;
  readonly view: Pick<FleetView, "find" | "placeOf">;
  readonly streams: Pick<RemoteStreams, "isUnknown" | "learn">;
}

/** Asks for the names that are not known, less often each time that they are not told. */
export class StreamNames {
  readonly #options: StreamNamesOptions;
  /** After how many calls of {@link ask} a name is asked for again, and how many are left. */
  readonly #waits = new Map<string, { readonly calls: number; readonly left: number }>();
  readonly #asking = new Set<string>();

  constructor(options: StreamNamesOptions) {
    this.#options = options;
  }

  /** Asks for those of `names` that are not known. To be called every second or so. */
  ask(names: ReadonlySet<string>): void {
    const { streams, view } = this.#options;
    for (const name of this.#waits.keys()) if (!names.has(name)) this.#waits.delete(name);
    const boxes = new Map<string, BoxPlace>();
    for (const name of names) {
      const { box: id = "", state } = view.find(name) ?? {};
      const box = view.placeOf(id);
      if (!streams.isUnknown(name) || state !== "live" || box === undefined) continue;
      const { calls, left } = this.#waits.get(name) ?? { calls: 1, left: 0 };
      if (left === 0) boxes.set(id, box);
      const next = left === 0 ? { calls: 2 * calls, left: calls } : { calls, left: left - 1 };
      this.#waits.set(name, next);
    }
    for (const box of boxes.values()) if (!this.#asking.has(box.id)) void this.#askBox(box);
  }

  async #askBox(box: BoxPlace): Promise<void> {
    this.#asking.add(box.id);
    try {
      const answer = await this.#options.links.request(box, "/fleet/1/streams");
      // Sound: it comes from a box, by `streamNameRoutes`.
      const { streams = [] }: { streams?: readonly NamedStream[] } = await answer.json();
      const ofBox = streams.filter(({ name }) => this.#options.view.find(name)?.box === box.id);
      this.#options.streams.learn(ofBox);
    } catch (error) {
      if (!(error instanceof BoxUnreachable)) throw error;
    } finally {
      this.#asking.delete(box.id);
    }
  }
}

/** Tells other boxes. To be mounted at `/streams`. */
export function streamNameRoutes(all: () => readonly NamedStream[]): Hono {
  const app = new Hono();
  app.get("/", (c: Context) => c.json({ streams: all() }));
  return app;
}
