/** Has broadcasts of other boxes heard here, and those of this one heard there. */
import type { Hono } from "hono";
import { LimiterFull } from "../disk/limiter.ts";
import { FeedsOut } from "../fleet/links/feeds_out.ts";
import { fileRoutes } from "../fleet/links/file_routes.ts";
import { ListenAnywhere } from "../fleet/links/listen_anywhere.ts";
import { remoteShowRoutes, RemoteShows } from "../fleet/links/remote_shows.ts";
import { streamNameRoutes } from "../fleet/links/stream_names.ts";
import type { ServedStream } from "../hls/distributor.ts";
import { nameOfLowFeed } from "../hls/low_latency/low_names.ts";
import { SegmentUnavailable } from "../hls/origin.ts";
import type { OtherBoxes } from "../hls/other_boxes.ts";
import { FileUnreadable } from "../hls/stream_files.ts";
import { rewindRoutes } from "../record/rewind/routes.ts";
import type { Core } from "./core.ts";
import type { Fleet } from "./fleet.ts";
import type { HeardOutput, HlsOutput } from "./outputs.ts";
import { localRewind, rewindSettings } from "./rewind.ts";

/** What the other boxes have, for this one. @returns `undefined` where the server is alone */
export function openListening(
  { fleet, clock, listeners, stops }: Core,
): ListenAnywhere | undefined {
  if (fleet === undefined) return undefined;
  const { member: view, links: { links } } = fleet;
  const anywhere = new ListenAnywhere({
    ...{ clock, view, links },
    onListed: (name, file) => listeners.listed(name, file),
    listenersOf: (name) => listeners.countHere(name),
  });
  stops.add(() => anywhere.close());
  return anywhere;
}

/** The other boxes, as HLS of this one sees them. */
export function otherBoxes({ member, own: { names } }: Fleet, { hls }: ListenAnywhere): OtherBoxes {
  return {
    box: member.box,
    epochOf: (name) => names.epochOf(name),
    onNumbers: (name, numbers) => names.number(name, numbers),
    readElsewhere: async (name, file) => {
      try {
        return await hls.readElsewhere(name, file);
      } catch (error) {
        if (!(error instanceof SegmentUnavailable)) throw error;
        return undefined;
      }
    },
    elsewhere: (feed) => hls.find(feed),
  };
}

/**
 * Has what other boxes have be served here, and tells them what this one has.
 * @returns what listeners hear
 */
export function serveOtherBoxes(
  core: Core,
  anywhere: ListenAnywhere | undefined,
  output: HlsOutput,
): HeardOutput {
  const { fleet, clock, listeners, stops } = core;
  if (fleet === undefined || anywhere === undefined) return output;
  const { hls, streams, shows } = output;
  const { member: view, links: { links, routes } } = fleet;
  anywhere.hls.serve(hls.distributor);
  const ownStream = (name: string) => {
    const stream = hls.find(name);
    return stream?.handover.isElsewhere ? undefined : stream;
  };
  // One hop at most: of other boxes' broadcasts nothing is told here.
  const own = (feed: string): ServedStream | undefined => {
    const name = nameOfLowFeed(feed);
    return name === undefined ? ownStream(feed) : ownStream(name)?.low;
  };
  const out = new FeedsOut({
    clock,
    connect: (tell) => hls.distributor.connect(tell, own),
    connectStreams: streams && ((tell) => streams.connect(tell)),
  });
  stops.add(() => out.close());
  listeners.addElsewhere(() => out.audiences);
  routes.route("/feed", out.routes);
  routes.route("/file", fileRoutes((name, file) => readOwn(output, name, file)));
  const show = ownShowRoutes(core, output);
  if (show !== undefined) routes.route("/show", show);
  routes.route("/streams", streamNameRoutes(() => streams?.all ?? []));
  routes.route("/shows", remoteShowRoutes(shows));
  return {
    ...output,
    streams: streams && anywhere.addStreams(streams),
    shows: new RemoteShows({ clock, view, links, own: shows }),
  };
}

/** What this box has recorded of shows, as they are rewound; `undefined` where they are not. */
function ownShowRoutes(core: Core, { hls, rewinds }: HlsOutput): Hono | undefined {
  const settings = rewindSettings(core, { rewinds });
  if (rewinds === undefined || settings === undefined) return undefined;
  const { clock, stops } = core;
  const has = (name: string) => hls.find(name) !== undefined;
  const rewind = localRewind(rewinds, settings, { clock, has });
  stops.add(() => rewind.shows.close());
  return rewindRoutes({ ...rewind, forPlayers: [] });
}

/** A segment that this box has made. @throws {SegmentUnavailable} */
async function readOwn(
  { hls, folder }: Pick<HlsOutput, "hls" | "folder">,
  name: string,
  file: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const stream = hls.find(name);
  const kept = stream?.segment(file) ?? stream?.low.segment(file);
  if (kept !== undefined) return kept.slice();
  try {
    return await folder.read(name, file);
  } catch (error) {
    if (!(error instanceof LimiterFull || error instanceof FileUnreadable)) throw error;
    throw new SegmentUnavailable(`Cannot read ${file} now: the disk does not keep up`);
  }
}
