/** Where the statistics of the boxes of a fleet are: for operators, and for Prometheus. */
import { isIPv6 } from "node:net";
import type { KnownBox } from "../../fleet/registry.ts";

/** A group of targets as Prometheus reads it (`http_sd_configs`). */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The dashboard of a box, where operators reach it; `undefined` where it has none. */
export function dashboardUrl({ publicAddress: { ip, ports } }: KnownBox): string | undefined {
  const host = isIPv6(ip) ? `[${ip}]` : ip;
  // Operators sign in there with what nobody else is to read.
  const secure = ports["stat-tls"];
  if (secure !== undefined) return `https://${host}:${secure}/`;
  return ports.stat === undefined ? undefined : `http://${host}:${ports.stat}/`;
}

/**
 * The metrics of all boxes that have some, by id: at the hosts by which boxes reach each other, as no
 * others need them.
 */
export function prometheusTargets(boxes: readonly KnownBox[]): TargetGroup[] {
  return [...boxes].sort((a, b) => a.id < b.id ? -1 : 1).flatMap((box) => {
    const { stat } = box.publicAddress.ports;
    if (stat === undefined) return [];
    const { hostname } = new URL(box.privateUrl);
    return [{ targets: [`${hostname}:${stat}`], labels: { box: box.id } }];
  });
}
