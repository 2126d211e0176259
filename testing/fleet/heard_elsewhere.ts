/** A broadcast at one box, and a replica of it at another one: what lies between them is HTTP. */
import { Distributor } from "../../src/hls/distributor.ts";
import { localOrigin } from "../../src/hls/local_origin.ts";
import { nameOfLowFeed } from "../../src/hls/low_latency/low_names.ts";
import type { ServedFile, ServedPlaylist } from "../../src/hls/origin.ts";
import { parsePlaylist } from "../../src/hls/playlist.ts";
import type { Replica } from "../../src/hls/replica.ts";
import { FeedsOut } from "../../src/fleet/links/feeds_out.ts";
import { fileRoutes } from "../../src/fleet/links/file_routes.ts";
import { ListenAnywhere } from "../../src/fleet/links/listen_anywhere.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { Broadcast } from "../hls/broadcast.ts";
import { FRAME_MS } from "../hls/on_air.ts";
import { until } from "../until.ts";
import { BadNetwork } from "./bad_network.ts";
import { FakeView } from "./fake_view.ts";
import { LinkedBox } from "./linked_boxes.ts";

/** The broadcast `demo` is at box `a`, and is heard at box `b`. */
export class HeardElsewhere implements AsyncDisposable {
  readonly broadcast: Broadcast;
  readonly a: LinkedBox;
  readonly b: LinkedBox;
  /** What `b` knows. */
  readonly view = new FakeView("b");
  readonly out: FeedsOut;
  /** Between the two. */
  readonly network = new BadNetwork();
  readonly anywhere: ListenAnywhere;
  /** Of `b`. */
  readonly distributor: Distributor;
  /** A listener at `b`. */
  readonly replica: Replica;
  /** Files that `a` was asked for. */
  readonly asked: string[] = [];
  /** Segments of which listeners at `b` were told. */
  readonly listed: string[] = [];
  /** Has `a` answer requests for files. */
  mayRead: Promise<void> = Promise.resolve();
  /** How many listen at `b`. */
  listeners = 0;
  readonly #replicas: Replica[] = [];
  #ingest: Ingest | undefined;
  #frames = 0;

  static async start(): Promise<HeardElsewhere> {
    return new HeardElsewhere(await Broadcast.start());
  }

  private constructor(broadcast: Broadcast) {
    this.broadcast = broadcast;
    const { clock, hls, folder } = broadcast;
    this.a = new LinkedBox("a", { clock });
    this.b = new LinkedBox("b", { clock, fetch: this.network.fetch });
    const own = (feed: string) => {
      const name = nameOfLowFeed(feed);
      return name === undefined ? hls.find(feed) : hls.find(name)?.low;
    };
    this.out = new FeedsOut({ clock, connect: (tell) => hls.distributor.connect(tell, own) });
    this.a.routes.route("/feed", this.out.routes);
    this.a.routes.route(
      "/file",
      fileRoutes(async (name, file) => {
        this.asked.push(file);
        await this.mayRead;
        const stream = hls.find(name);
        const found = stream?.segment(file) ?? stream?.low.segment(file) ??
          folder.stream(name).files.get(file);
        return found?.slice();
      }),
    );
    this.anywhere = new ListenAnywhere({
      ...{ clock, view: this.view, links: this.b.links },
      onListed: (_, file) => this.listed.push(file),
      listenersOf: () => this.listeners,
    });
    this.distributor = new Distributor((feed) => this.anywhere.hls.find(feed));
    this.anywhere.hls.serve(this.distributor);
    this.replica = this.newReplica();
    this.view.meet(this.a.place);
    this.view.give("demo", "a");
  }

  /** Another thread with listeners at `b`. */
  newReplica(): Replica {
    const replica = localOrigin(this.distributor, {
      clock: this.broadcast.clock,
      readFile: () => Promise.resolve(undefined),
      readElsewhere: (name, file) => this.anywhere.hls.readElsewhere(name, file),
    });
    this.#replicas.push(replica);
    return replica;
  }

  /** So many seconds go on air at `a`. */
  async onAir(seconds: number): Promise<void> {
    this.#ingest ??= this.broadcast.connect();
    for (let left = seconds; left > 0; left -= STEP_S) {
      const to = this.#frames + Math.round(Math.min(left, STEP_S) * 1000 / FRAME_MS);
      await this.broadcast.live(this.#ingest, this.#frames, to);
      this.#frames = to;
      await this.exchange();
    }
  }

  /** So many seconds pass, in which what boxes send arrives. */
  async pass(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= STEP_S) {
      await this.broadcast.clock.advance(Math.min(left, STEP_S) * 1000);
      await this.exchange();
    }
  }

  /** So many seconds pass, in which somebody listens at `b`, and it is on air at `a`. */
  async listen(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= LISTEN_S) {
      await this.onAir(Math.min(left, LISTEN_S));
      await this.heard();
    }
  }

  /** What was sent on the network so far arrives meanwhile: time stands still. */
  async exchange(): Promise<void> {
    const { privateUrl } = this.b.place;
    for (let i = 0; i < 2; i++) await (await fetch(`${privateUrl}/fleet/1/`)).body?.cancel();
  }

  /** The playlist at `a`, as text. */
  get original(): string {
    return textOf(this.broadcast.hls.find("demo")?.playlist());
  }

  /** The playlist that listeners at `b` get, as text; empty where they get none. */
  async heard(file = "playlist.m3u8", replica = this.replica): Promise<string> {
    return textOf(await replica.playlist("demo", file));
  }

  /** Resolves once listeners at `b` have what there is at `a`. */
  async caughtUp(): Promise<void> {
    await until("the other box has the newest version", async () => {
      if (this.original !== "" && await this.heard() === this.original) return true;
      // A connection may have been given up meanwhile: it is tried again a moment later.
      await this.pass(0.1);
      return false;
    });
  }

  /** Files that are listed at `b`. */
  async files(): Promise<readonly string[]> {
    return (parsePlaylist(await this.heard())?.segments ?? []).map(({ uri }) => uri);
  }

  async segment(file: string, replica = this.replica): Promise<ServedFile | undefined> {
    return await replica.segment("demo", file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const replica of this.#replicas) replica.close();
    await this.anywhere.close();
    this.out.close();
    await this.b[Symbol.asyncDispose]();
    await this.a[Symbol.asyncDispose]();
    await this.broadcast.stop();
  }
}

/** Clocks stand still while the network does its work: boxes are not to be taken for silent. */
const STEP_S = 0.5;
const LISTEN_S = 10;

function textOf(playlist: ServedPlaylist | undefined): string {
  return new TextDecoder().decode(playlist?.text);
}
