/** Metrics of a house, and the samples in their text. */
import { EventBus } from "../../src/session/events.ts";
import type { Audience } from "../../src/stat/audience.ts";
import { Metrics, type MetricsOptions } from "../../src/stat/metrics/metrics.ts";
import { FakeClock } from "../fake_clock.ts";
import type { House } from "./house.ts";

const NOBODY: Audience = { total: 0, streaming: 0, byName: () => [] };

export type Setup =
  & Partial<Pick<MetricsOptions, "audience" | "folders" | "srt" | "hook" | "fleet" | "uploads">>
  & {
    readonly house?: House;
  };

/** Metrics of a house, or of nothing, while `test` looks at them. */
export async function withMetrics(
  { house, audience = NOBODY, folders = {}, srt, hook, fleet, uploads }: Setup,
  test: (metrics: Metrics) => Promise<void>,
): Promise<void> {
  const metrics = new Metrics({
    clock: house?.clock ?? new FakeClock(),
    events: house?.events ?? new EventBus(),
    sessions: house?.sessions ?? { sessions: [], get: () => undefined },
    recordings: {
      active: () => house?.statistics.count.output.record ?? 0,
      writtenBytes: () => 12_345,
    },
    audience,
    folders,
    health: { report: { status: "degraded", parts: ["record"], problems: ["the disk is full"] } },
    restarts: () => new Map([["rtmp", 2], ["hls", 0]]),
    httpServers: () => new Map([["hls", { count: 3, refused: new Map([["late", 4]]) }]]),
    srt,
    hook,
    fleet,
    uploads,
  });
  try {
    await test(metrics);
  } finally {
    metrics.close();
  }
}

/** Samples by name and labels, as they stand in the text format. */
export async function samplesOf(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split("\n").filter((line) => /^[^#]/.test(line));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}
