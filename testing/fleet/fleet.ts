/** Three boxes on one machine that are one server, with what can happen to them. */
import { EchoServer, type EchoServerOptions } from "../e2e/echo_server.ts";
import { together } from "../e2e/scenario.ts";
import { askStat } from "../e2e/stat_request.ts";
import { freePort } from "../free_ports.ts";
import { until } from "../until.ts";
import { FleetNetwork } from "./fleet_network.ts";
import { RedisSentinels } from "./redis_sentinels.ts";
import { RedisServer } from "./redis_server.ts";

/** The boxes, each on an address of its own. */
const HOSTS: Readonly<Record<string, string>> = {
  a: "127.0.0.2",
  b: "127.0.0.3",
  c: "127.0.0.4",
};
const SHARED = { ECHO_PRIV_KEY: "0123456789abcdefghijklmnopqrstuv" };

export interface FleetOptions {
  /** Further variables, the same for all boxes. */
  readonly env?: Readonly<Record<string, string>>;
  /** Errors that the test provokes. */
  readonly expectedErrors?: EchoServerOptions["expectedErrors"];
}

/** What the boxes share. */
export type Directory = RedisServer | RedisSentinels;

/** Three boxes, `a`, `b` and `c`, and what they share. Gone at its disposal. */
export class Fleet implements AsyncDisposable {
  readonly directory: Directory;
  /** Separates boxes from each other, and from Redis. `undefined` with Sentinels. */
  readonly network: FleetNetwork | undefined;
  readonly #boxes: ReadonlyMap<string, EchoServer>;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    directory: Directory,
    network: FleetNetwork | undefined,
    boxes: ReadonlyMap<string, EchoServer>,
  ) {
    this.#stack = stack;
    this.directory = directory;
    this.network = network;
    this.#boxes = boxes;
  }

  /** Starts all boxes at once beside a Redis, and waits until they know each other. */
  static async start(options: FleetOptions = {}): Promise<Fleet> {
    await using stack = new AsyncDisposableStack();
    const redis = stack.use(await RedisServer.start());
    const places = placesOfBoxes();
    const network = stack.use(
      new FleetNetwork(places, { hostname: "127.0.0.1", port: redis.port }),
    );
    const boxes = await startBoxes(places, (id) => network.redisUrl(id), options, stack);
    return await Fleet.#joined(new Fleet(stack.move(), redis, network, boxes));
  }

  /** The same beside Sentinels, which boxes reach without links. */
  static async startWithSentinels(options: FleetOptions = {}): Promise<Fleet> {
    await using stack = new AsyncDisposableStack();
    const redis = stack.use(await RedisSentinels.start());
    const boxes = await startBoxes(placesOfBoxes(), () => redis.url, options, stack);
    return await Fleet.#joined(new Fleet(stack.move(), redis, undefined, boxes));
  }

  get ids(): readonly string[] {
    return [...this.#boxes.keys()];
  }

  get boxes(): readonly EchoServer[] {
    return [...this.#boxes.values()];
  }

  box(id: string): EchoServer {
    const box = this.#boxes.get(id);
    if (box === undefined) throw new Error(`there is no box ${id}`);
    return box;
  }

  /** All others, in order. */
  others(id: string): readonly string[] {
    return this.ids.filter((other) => other !== id);
  }

  /** Where each box has the playlist of a name. */
  playlistUrls(name: string): ReadonlyMap<string, string> {
    return new Map([...this.#boxes].map(([id, box]) => [id, box.playlistUrl(name)]));
  }

  /** What an encoder may publish to, at each box. */
  rtmpUrls(path: string): string[] {
    return this.boxes.map((box) => box.rtmpUrl(path));
  }

  /**
   * Boxes that have sessions now. Where one name is on air, these are its owners.
   * @throws where one does not answer
   */
  async owners(): Promise<string[]> {
    const counts = await together(this.#boxes, async ([id, box]) => {
      const [, count] = await askStat(box, "/stat/1/sessions/count/input");
      return { id, total: (count as { readonly total: number }).total };
    });
    return counts.filter(({ total }) => total > 0).map(({ id }) => id);
  }

  /** The one box that has sessions. Waits until there is one, and no other. */
  async owner(timeoutMs?: number): Promise<string> {
    let owners: readonly string[] = [];
    try {
      return await until("one box has the name", async () => {
        owners = await this.owners();
        return owners.length === 1 && owners[0];
      }, timeoutMs);
    } catch (error) {
      throw new Error(`it is at ${owners.join(" and ") || "no box"}`, { cause: error });
    }
  }

  /** Kills a box, and starts it again after `meanwhile`. */
  async killed(id: string, meanwhile: () => Promise<void>): Promise<void> {
    await this.box(id).stop("SIGKILL");
    await meanwhile();
    await this.box(id).startAgain();
    await this.joined();
  }

  /** Resolves once the directory has all boxes. */
  async joined(): Promise<void> {
    await until("all boxes have joined", async () => {
      const known = (await this.directory.ask("SMEMBERS", "{echo}:boxes")).split("\n");
      return this.ids.every((id) => known.includes(id));
    });
  }

  /** All that {@link FleetNetwork.separate} has begun ends. */
  mend(): void {
    this.network?.mend();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.mend();
    await this.#stack.disposeAsync();
  }

  static async #joined(fleet: Fleet): Promise<Fleet> {
    await using stack = new AsyncDisposableStack();
    stack.use(fleet);
    await fleet.joined();
    stack.move();
    return fleet;
  }
}

function placesOfBoxes(): { id: string; place: { hostname: string; port: number } }[] {
  return Object.entries(HOSTS).map(([id, hostname]) => {
    return { id, place: { hostname, port: freePort(hostname) } };
  });
}

async function startBoxes(
  places: ReturnType<typeof placesOfBoxes>,
  redisUrl: (id: string) => string,
  options: FleetOptions,
  stack: AsyncDisposableStack,
): Promise<ReadonlyMap<string, EchoServer>> {
  const { env = {}, expectedErrors = [] } = options;
  const boxes = await together(places, async ({ id, place: { hostname, port } }) => {
    const box = await EchoServer.start({
      host: hostname,
      env: {
        ...SHARED,
        ECHO_BOX: id,
        ECHO_SRT_PRIV_IP: hostname,
        ECHO_FLEET_ADDR: `${hostname}:${port}`,
        ECHO_REDIS_URL: redisUrl(id),
        ...env,
      },
      expectedErrors,
    });
    stack.use(box);
    return [id, box] as const;
  });
  return new Map(boxes);
}
