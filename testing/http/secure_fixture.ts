/** An HTTP server with TLS whose time is moved by hand, and clients of it. */
import { CurrentCertificate } from "../../src/tls/current_certificate.ts";
import { beginning, framesIn, type SentFrame } from "../http2/http2_client.ts";
import { TestAuthority } from "../tls/test_authority.ts";
import { until } from "../until.ts";
import { HttpFixture, type HttpFixtureOptions, type RawClient } from "./http_fixture.ts";
import { bytesOf } from "./read_requests.ts";

/** A server, and who has issued its certificate. */
export interface SecureScene {
  readonly fixture: HttpFixture;
  readonly authority: TestAuthority;
}

/** Runs a test with a server, which is gone when it ends. */
export async function withSecureServer(
  options: HttpFixtureOptions,
  test: (scene: SecureScene) => Promise<void>,
): Promise<void> {
  // Sockets that were handed over to Node do not keep a process going.
  const timer = setInterval(() => {}, 1000);
  await using authority = await TestAuthority.create();
  const certificate = new CurrentCertificate(await authority.issue());
  {
    await using fixture = new HttpFixture({ ...options, certificate });
    await test({ fixture, authority });
  }
  clearInterval(timer);
}

/** A client that speaks HTTP/2. */
export interface Http2Caller {
  readonly client: RawClient;
  /** Sends frames. */
  send(...frames: readonly Uint8Array[]): Promise<void>;
  /** Waits until the frames that have come fit. @returns them */
  sent(fit: (frames: SentFrame[]) => boolean): Promise<SentFrame[]>;
}

/** A client that has begun to speak HTTP/2, with its SETTINGS. */
export async function connect2(
  { fixture, authority }: SecureScene,
  settings: readonly (readonly [number, number])[] = [],
): Promise<Http2Caller> {
  const client = await fixture.connectTls(authority.root, "h2");
  const send = (...frames: readonly Uint8Array[]) => client.send(frames.map(textOf).join(""));
  await send(beginning(settings));
  const sent = (fit: (frames: SentFrame[]) => boolean) =>
    until("it has sent that", async () => {
      const frames = framesIn(bytesOf(await client.until(/[^]/)));
      if (fit(frames)) return frames;
      await client.more();
      return false;
    });
  return { client, send, sent };
}

/** A text that has a character for each byte. */
export function textOf(bytes: Uint8Array): string {
  return bytes.reduce((text, byte) => text + String.fromCharCode(byte), "");
}
