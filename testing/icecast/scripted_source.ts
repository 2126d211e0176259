/** A source of Icecast that does what it is told, over a real connection. */
import { unreadBytes } from "../listening/unread_bytes.ts";
import { until } from "../until.ts";
import type { SourcePlace } from "./sources.ts";

/** A source by script: is let in, sends what it is told, and tells titles. */
export class ScriptedSource {
  readonly #place: SourcePlace;
  readonly #conn: Deno.TcpConn;

  private constructor(place: SourcePlace, conn: Deno.TcpConn) {
    this.#place = place;
    this.#conn = conn;
  }

  /** Publishes by PUT. @throws where it is refused */
  static async publish(
    place: SourcePlace,
    type: "audio/aac" | "audio/mpeg",
  ): Promise<ScriptedSource> {
    const { port, name } = place;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    const source = new ScriptedSource(place, conn);
    await source.send(new TextEncoder().encode(
      `PUT /${name} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${credentialsOf(place)}\r\n` +
        `Content-Type: ${type}\r\nExpect: 100-continue\r\n\r\n`,
    ));
    const answer = new Uint8Array(1024);
    const count = await conn.read(answer) ?? 0;
    const text = new TextDecoder().decode(answer.subarray(0, count));
    if (text.startsWith("HTTP/1.1 100 ")) return source;
    conn.close();
    throw new Error(`${name} is refused: ${text}`);
  }

  /** Sends bytes as they are. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  /** Tells what is heard from now on, as {@link tellTitle}, once the server has read what was sent. */
  async tell(title: string): Promise<void> {
    await until("the server has read it", () => unreadBytes(this.#conn) === 0);
    await tellTitle(this.#place, title);
  }

  /** Closes the connection without a word, as Icecast's sources do. */
  close(): void {
    this.#conn.close();
  }
}

/** Tells what is heard from now on, and waits until that is taken. @throws where it is not */
export async function tellTitle(place: SourcePlace, title: string): Promise<void> {
  const { port, name } = place;
  const query = `mode=updinfo&mount=/${name}&song=${encodeURIComponent(title)}`;
  const url = `http://127.0.0.1:${port}/admin/metadata?${query}`;
  const answer = await fetch(url, { headers: { Authorization: credentialsOf(place) } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`The title is not taken: ${text}`);
}

function credentialsOf({ password }: SourcePlace): string {
  return `Basic ${btoa(`source:${password}`)}`;
}
