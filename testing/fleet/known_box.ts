/** Boxes of a fleet as others know them; a test names only what it is about. */
import type { KnownBox } from "../../src/fleet/registry.ts";

/** An idle box that was heard just now. Its addresses end in the place of its letter: `b` is 2. */
export function knownBox(id: string, { load, ...rest }: BoxSetup = {}): KnownBox {
  const place = id.charCodeAt(0) - "a".charCodeAt(0) + 1;
  return {
    id,
    incarnation: `first of ${id}`,
    privateUrl: `http://10.0.0.${place}:5022`,
    publicAddress: {
      ip: `192.0.2.${place}`,
      ports: { control: 5021, hls: 8080, rtmp: 1935, srt: 9000, stat: 8088 },
    },
    load: { sessions: 0, listeners: 0, cpu: 0, residentBytes: 100_000_000, ...load },
    state: "open",
    alike: "the same",
    version: "2.0.0",
    ageMs: 0,
    ...rest,
  };
}

/** What a test gives of a box. */
export interface BoxSetup extends Partial<Omit<KnownBox, "id" | "load">> {
  readonly load?: Partial<KnownBox["load"]>;
}
