/**
 * Hands out what broadcasts have, to replicas that serve it: each version of a playlist, with the
 * segments that are new in it, to those that have subscribed to its name.
 *
 * @module
 */
import { FORMATS } from "./formats.ts";
import { LOW_MASTER_FILE, LOW_MEDIA_FILE, nameOfLowFeed } from "./low_latency/low_names.ts";
import { MASTER_FILE } from "./master_playlist.ts";
import type {
  Heard,
  PlaylistCopy,
  ReplicaNews,
  ReplicaRequest,
  SegmentCopy,
} from "./replica_messages.ts";
import type { Segment } from "./segment.ts";
import type { HlsStream } from "./stream.ts";

/** What is handed out of a stream. */
export interface ServedStream
  extends Pick<HlsStream, "playlist" | "masterPlaylist" | "segment" | "unwritten"> {
  /**
   * Makes it, where it is only there while somebody wants it; resolves once it is there, or
   * {@link Distributor.refuse} was called.
   * @param client as `Subscription.client`
   */
  open?(client: string | undefined): Promise<void>;
  /** Clients at these addresses have heard it just now; see `Heard`. */
  hear?(clients: readonly (string | undefined)[]): void;
  /** Whether another box makes it: what it lists is not on disk here. Not by default. */
  readonly isElsewhere?: boolean;
  /** Whether it goes on with what another box had, and lists nothing yet. Not by default. */
  readonly isAwaited?: boolean;
}

/** Takes news, and memory in it that is the receiver's from now on. */
export type TellReplica = (news: ReplicaNews, transfer: ArrayBuffer[]) => void;

/** Tells replicas of the broadcasts of this process. */
export class Distributor {
  /**
   * Resolves once all is told that other boxes had told before; gives `undefined` where nothing of
   * theirs is told here.
   */
  caughtUp: () => Promise<void> | undefined = () => undefined;
  readonly #find: (name: string) => ServedStream | undefined;
  readonly #names = new Set<string>();
  readonly #subscribers = new Set<Subscriber>();

  /** @param find what is served under a name */
  constructor(find: (name: string) => ServedStream | undefined) {
    this.#find = find;
  }

  /**
   * Tells a replica all news from now on, and which names there are.
   * @param find what it is served under a name. Default: as all others
   */
  connect(
    tell: TellReplica,
    find: (name: string) => ServedStream | undefined = this.#find,
  ): Subscriber {
    const subscriber: Subscriber = new Subscriber(tell, {
      find,
      // Who is told of this box alone does not wait for others.
      caughtUp: () => find === this.#find ? this.caughtUp() : undefined,
      onClose: () => this.#subscribers.delete(subscriber),
    });
    this.#subscribers.add(subscriber);
    if (this.#names.size > 0) tell({ kind: "begun", names: [...this.#names] }, []);
    return subscriber;
  }

  /** Something is served under `name` from now on. */
  begin(name: string): void {
    this.#names.add(name);
    for (const { tell } of this.#subscribers) tell({ kind: "begun", names: [name] }, []);
  }

  /** Nothing is served under `name` any more. */
  end(name: string): void {
    this.#names.delete(name);
    for (const subscriber of this.#subscribers) subscriber.end(name);
  }

  /** There is no place for what is served under `name`: nobody has subscribed to it any more. */
  refuse(name: string): void {
    for (const subscriber of this.#subscribers) subscriber.refuse(name);
  }

  /** Whether a replica has subscribed to `name`. */
  isWanted(name: string): boolean {
    for (const subscriber of this.#subscribers) if (subscriber.wants(name)) return true;
    return false;
  }

  /**
   * A version of the playlist `file` is out.
   * @param segments what it lists that no version before did
   */
  version(name: string, file: string, segments: readonly Pick<Segment, "uri" | "bytes">[]): void {
    for (const subscriber of this.#subscribers) subscriber.version(name, file, segments);
  }
}

interface SubscriberOptions {
  readonly find: (name: string) => ServedStream | undefined;
  readonly caughtUp: () => Promise<void> | undefined;
  readonly onClose: () => void;
}

/** A replica, as the distributor sees it. */
export class Subscriber {
  readonly tell: TellReplica;
  readonly #options: SubscriberOptions;
  /** What it has subscribed to, each time as another object. */
  readonly #names = new Map<string, object>();
  /** Bytes of segments that were sent with versions … */
  #sent = 0;
  /** … and of those that the replica has taken. */
  #taken = 0;

  /** Use {@link Distributor.connect}. */
  constructor(tell: TellReplica, options: SubscriberOptions) {
    this.tell = tell;
    this.#options = options;
  }

  /** What the replica asks for. */
  take(request: ReplicaRequest): void {
    if (request.kind === "segments") this.#send(request.wanted);
    else if (request.kind === "catchUp") this.#tellCaughtUp();
    else if (request.kind === "subscribe") this.#subscribe(request.name, request.client);
    else if (request.kind === "heard") this.#hear(request.heard);
    else this.#names.delete(request.name);
  }

  /** The replica has taken so many bytes of segments so far: {@link Replica.takenBytes}. */
  took(bytes: number): void {
    this.#taken = bytes;
  }

  /** Whether the replica has subscribed to `name`. */
  wants(name: string): boolean {
    return this.#names.has(name);
  }

  /** The replica is gone. */
  close(): void {
    this.#options.onClose();
  }

  /** See {@link Distributor.end}. */
  end(name: string): void {
    this.#names.delete(name);
    this.tell({ kind: "gone", name }, []);
  }

  /** See {@link Distributor.refuse}. */
  refuse(name: string): void {
    if (this.#names.delete(name)) this.tell({ kind: "refused", name }, []);
  }

  /** See {@link Distributor.version}. */
  version(name: string, file: string, segments: readonly Pick<Segment, "uri" | "bytes">[]): void {
    if (!this.#names.has(name)) return;
    this.#tellVersion(name, [file], this.#copy(segments));
  }

  /** Of a replica that does not keep up no more is held; it finds the others on disk, or asks. */
  #copy(segments: readonly Pick<Segment, "uri" | "bytes">[]): SegmentCopy[] {
    if (this.#sent - this.#taken > MAX_UNTAKEN) return [];
    const copies = segments.flatMap(({ uri, bytes }) =>
      bytes === undefined ? [] : [{ file: uri, bytes: bytes.slice() }]
    );
    for (const { bytes } of copies) this.#sent += bytes.length;
    return copies;
  }

  #tellCaughtUp(): void {
    const tell = () => this.tell({ kind: "caughtUp" }, []);
    const others = this.#options.caughtUp();
    if (others === undefined) tell();
    else others.then(tell);
  }

  #hear(heard: readonly Heard[]): void {
    for (const { name, clients } of heard) this.#options.find(name)?.hear?.(clients);
  }

  #subscribe(name: string, client: string | undefined): void {
    const stream = this.#options.find(name);
    // It may have gone while the question was on its way.
    if (stream === undefined) return this.tell({ kind: "gone", name }, []);
    const subscription = {};
    this.#names.set(name, subscription);
    const tell = () => {
      if (this.#names.get(name) !== subscription) return;
      this.#tellVersion(name, filesOf(name).playlists, []);
    };
    if (stream.open === undefined) tell();
    else stream.open(client).then(tell);
  }

  #tellVersion(name: string, files: readonly string[], segments: readonly SegmentCopy[]): void {
    const stream = this.#options.find(name);
    // Who waits for its first version is told nothing before.
    if (stream === undefined || stream.isAwaited === true) return;
    const playlists = files.flatMap((file) => playlistOf(stream, file));
    const master = stream.masterPlaylist;
    if (master !== undefined) {
      const text = encoder.encode(master);
      playlists.push({ file: filesOf(name).master, text, etag: undefined });
    }
    const { unwritten, isElsewhere } = stream;
    const transfer = segments.map(({ bytes }) => bytes.buffer);
    const version = { name, playlists, segments, unwritten };
    this.tell({ kind: "version", ...version, ...isElsewhere && { isElsewhere } }, transfer);
  }

  #send(wanted: readonly { readonly name: string; readonly file: string }[]): void {
    const segments = wanted.map(({ name, file }) => {
      return { name, file, bytes: this.#options.find(name)?.segment(file)?.slice() };
    });
    const transfer = segments.flatMap(({ bytes }) => bytes === undefined ? [] : [bytes.buffer]);
    this.tell({ kind: "segments", segments }, transfer);
  }
}

/** What the playlists are called to which a replica has subscribed by `name`. */
function filesOf(name: string): { readonly master: string; readonly playlists: readonly string[] } {
  if (nameOfLowFeed(name) !== undefined) {
    return { master: LOW_MASTER_FILE, playlists: [LOW_MEDIA_FILE] };
  }
  return { master: MASTER_FILE, playlists: FORMATS.map(({ playlistFile }) => playlistFile) };
}

function playlistOf(stream: ServedStream, file: string): PlaylistCopy[] {
  const playlist = stream.playlist(file);
  return playlist === undefined ? [] : [{ file, ...playlist }];
}

const encoder = new TextEncoder();
/** A second or two of a thousand broadcasts. */
const MAX_UNTAKEN = 16 * 2 ** 20;
