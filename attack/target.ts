/** The server under attack, and what its honest clients may do there. */
import { ask, type ControlAnswer, reserve } from "../testing/e2e/control_request.ts";
import type { EchoServer } from "../testing/e2e/echo_server.ts";
import type { SecurePorts } from "../testing/e2e/secure_server.ts";
import { sharedPort } from "../testing/e2e/srt_senders.ts";
import { PublishFailed, RtmpPublisher } from "../testing/rtmp/rtmp_publisher.ts";

/** What opens the server to those who are honest; empty where nothing is needed. */
export interface Credentials {
  readonly bearer: string;
  readonly basic: string;
  readonly statToken: string;
  /** What listeners show; none is needed by default. */
  readonly listener?: string;
}

/** A server, and how honest clients speak to it. */
export class Target {
  readonly server: EchoServer;
  readonly credentials: Credentials;
  /** The broadcasts that are on air. */
  readonly onAir: readonly string[];
  /** Where it is attacked over TLS; `undefined`: over plain ports. */
  readonly secure: SecureTarget | undefined;
  /** Where it writes, with the folders `hls` and `record`. */
  readonly output: string;

  constructor(
    { server, credentials, onAir, output, secure }: Pick<
      Target,
      "server" | "credentials" | "onAir" | "output" | "secure"
    >,
  ) {
    this.server = server;
    this.credentials = credentials;
    this.onAir = onAir;
    this.output = output;
    this.secure = secure;
  }

  get srtPort(): number {
    return sharedPort(this.server);
  }

  /** Ports of all HTTP servers, by what they are for. */
  get webPorts(): Readonly<Record<"hls" | "control" | "stat", number>> {
    if (this.secure !== undefined) {
      const { hls, control, stat } = this.secure.ports;
      return { hls, control, stat };
    }
    const { hlsPort: hls, controlPort: control, statPort: stat } = this.server;
    return { hls, control, stat };
  }

  /** Where encoders are attacked from. */
  get rtmpPort(): number {
    return this.secure?.ports.rtmps ?? this.server.rtmpPort;
  }

  get control(): string {
    return `127.0.0.1:${this.server.controlPort}`;
  }

  /** The path of all broadcasts, as listeners have it. */
  get place(): string {
    const { listener } = this.credentials;
    return listener === undefined ? "/cast" : `/cast/~${listener}`;
  }

  /** What shows operators' rights. */
  get operator(): Record<string, string> {
    const { statToken } = this.credentials;
    return statToken === "" ? {} : { Authorization: `Bearer ${statToken}` };
  }

  /** What opens the control API; empty where nothing does. */
  get authorization(): string {
    const { bearer, basic } = this.credentials;
    if (bearer !== "") return `Bearer ${bearer}`;
    return basic === "" ? "" : `Basic ${btoa(basic)}`;
  }

  /** A key for `name`, as a DJ gets one; empty where none is needed. */
  async keyOf(name: string): Promise<string> {
    const { authorization } = this;
    if (authorization === "") return "";
    return (await reserve(this.control, name, { protocol: "rtmp", authorization })).key;
  }

  /** Asks the control API for `name` with credentials; tells the status. */
  async publishStatus(name: string, authorization: string, from?: string): Promise<number> {
    const answer: ControlAnswer = await ask(this.control, {
      method: "POST",
      path: `publish/${name}`,
      body: {
        media: { type: "audio", protocol: "rtmp", format: "flv" },
        reason: { code: 0, message: "on air" },
      },
      headers: {
        Authorization: authorization,
        ...(from === undefined ? {} : { "X-Forwarded-For": from }),
      },
    });
    return answer.status;
  }

  /** Whether a new DJ gets in by RTMP; he leaves at once. Tells how long it took. */
  async newDj(name: string): Promise<NewDj> {
    const start = performance.now();
    try {
      const key = await this.keyOf(name);
      const port = this.server.rtmpPort;
      const dj = await RtmpPublisher.connect({ hostname: "127.0.0.1", port, app: "live" });
      await dj.publish(key === "" ? name : `${name}?key=${key}`);
      await dj.finish();
      return { gotIn: true, ms: Math.round(performance.now() - start), why: "" };
    } catch (error) {
      if (!(error instanceof PublishFailed) && !isRefusal(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      return { gotIn: false, ms: Math.round(performance.now() - start), why };
    }
  }
}

/** Where a server is attacked over TLS. */
export interface SecureTarget {
  readonly ports: SecurePorts;
  /** The certificate of the authority that clients have to trust. */
  readonly root: string;
}

/** How a new DJ fared. */
export interface NewDj {
  readonly gotIn: boolean;
  readonly ms: number;
  /** Why not. */
  readonly why: string;
}

/** `a new DJ got in after 12 ms`. */
export function inWords({ gotIn, ms, why }: NewDj): string {
  return gotIn ? `a new DJ got in after ${ms} ms` : `a new DJ was kept out: ${why}`;
}

function isRefusal(error: unknown): boolean {
  const { ConnectionRefused, ConnectionReset, BrokenPipe } = Deno.errors;
  return error instanceof TypeError || error instanceof SyntaxError || error instanceof Error &&
      error.name === "AssertionError" ||
    [ConnectionRefused, ConnectionReset, BrokenPipe].some((kind) => error instanceof kind);
}
