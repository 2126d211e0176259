/**
 * What listeners are told of the broadcasts of all boxes: a box is asked of its own, once a second at
 * most.
 *
 * @module
 */
import { Hono } from "hono";
import type { Shows, ShowsSource, ShowStatus } from "../../pages/listener/shows.ts";
import type { Clock } from "../../session/clock.ts";
import { isValidName } from "../../session/name.ts";
import type { FleetView } from "../fleet_view.ts";
import { type BoxLinks, type BoxPlace, BoxUnreachable } from "./box_links.ts";

export interface RemoteShowsOptions {
  readonly clock: Pick<Clock, "awake" | "waited">;
  readonly view: Pick<FleetView, "box" | "boxes" | "find" | "placeOf">;
  readonly links: Pick<BoxLinks, "request">;
  /** Tells of this box's own. */
  readonly own: Pick<Shows, "status" | "current" | "watchEnds">;
}

/** Tells of the broadcasts of all boxes. */
export class RemoteShows implements ShowsSource {
  readonly #options: RemoteShowsOptions;
  /** By path, the last that was asked for last. */
  readonly #told = new Map<string, Told>();

  constructor(options: RemoteShowsOptions) {
    this.#options = options;
  }

  /** As `Shows.status`, whichever box has it. */
  async status(name: string): Promise<ShowStatus> {
    const { view, own } = this.#options;
    const id = view.find(name)?.box;
    const box = id === undefined || id === view.box ? undefined : view.placeOf(id);
    if (box === undefined) return own.status(name);
    const [status] = await this.#ask(box, `/fleet/1/shows/${name}`);
    return status ?? own.status(name);
  }

  /** As `Shows.current`, of all boxes. */
  get current(): Promise<readonly ShowStatus[]> {
    return this.#current();
  }

  /** As `Shows.watchEnds`, of this box. */
  watchEnds: Shows["watchEnds"] = (tell) => this.#options.own.watchEnds(tell);

  async #current(): Promise<readonly ShowStatus[]> {
    const { view, own } = this.#options;
    const others = view.boxes.filter(({ id }) => id !== view.box);
    const told = await Promise.all(others.map((box) => this.#ask(box, "/fleet/1/shows")));
    const isOwners = (box: string, name: string) => (view.find(name)?.box ?? box) === box;
    const all = [
      ...own.current.filter(({ name }) => isOwners(view.box, name)),
      ...others.flatMap(({ id }, i) => told[i]?.filter(({ name }) => isOwners(id, name)) ?? []),
    ];
    return all.sort((a, b) => startOf(a) - startOf(b));
  }

  /** What it tells, or told a moment ago; nothing where it does not answer for long. */
  async #ask(box: BoxPlace, path: string): Promise<readonly ShowStatus[]> {
    const { clock } = this.#options;
    const key = box.id + path;
    const known = this.#told.get(key);
    if (known !== undefined && clock.waited(known.askedAt) < FRESH_MS) return await known.shows;
    const shows = this.#fetch(box, path, known);
    this.#told.delete(key);
    this.#told.set(key, { askedAt: clock.awake(), shows });
    const [oldest = ""] = this.#told.keys();
    if (this.#told.size > MAX_TOLD) this.#told.delete(oldest);
    return await shows;
  }

  async #fetch(
    box: BoxPlace,
    path: string,
    before: Told | undefined,
  ): Promise<readonly ShowStatus[]> {
    try {
      const answer = await this.#options.links.request(box, path);
      // Sound: it comes from a box, by `remoteShowRoutes`.
      const { shows = [] }: { shows?: readonly ShowStatus[] } = await answer.json();
      return shows;
    } catch (error) {
      if (!(error instanceof BoxUnreachable)) throw error;
      return await before?.shows ?? [];
    }
  }
}

/** What a box has told of its broadcasts. */
interface Told {
  /** On `Clock.awake`. */
  readonly askedAt: number;
  readonly shows: Promise<readonly ShowStatus[]>;
}

/** Tells other boxes of the broadcasts of this one. To be mounted at `/shows`. */
export function remoteShowRoutes(own: Pick<Shows, "status" | "current">): Hono {
  const app = new Hono();
  app.get("/", (c) => c.json({ shows: own.current }));
  app.get("/:name", (c) => {
    const { name } = c.req.param();
    return isValidName(name) ? c.json({ shows: [own.status(name)] }) : c.notFound();
  });
  return app;
}

function startOf({ started_at: startedAt }: ShowStatus): number {
  return startedAt === null ? Infinity : Date.parse(startedAt);
}

/** How long an answer is told to others. */
const FRESH_MS = 1000;
const MAX_TOLD = 1000;
