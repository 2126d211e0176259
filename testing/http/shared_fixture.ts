/** A server whose contents are the same for everybody, and are asked of its handler only at first. */
import type { AnswerObserver, SharedContents } from "../../src/http/prepared_answers.ts";
import { HttpFixture, type HttpFixtureOptions, type RawClient } from "./http_fixture.ts";

/** How often somebody has to ask before an answer is prepared. */
export const ASKED_BEFORE = 2;

const TYPE = "text/plain";

/** Files that are shared, by their targets, and all that was told of them. */
export class SharedFiles implements SharedContents {
  readonly selecting: ReadonlySet<string> = new Set(["range", "if-none-match"]);
  /** What the handler was asked for, as `METHOD TARGET`. */
  readonly handled: string[] = [];
  /** What was sent without it, as `TARGET CLIENT AGENT`. */
  readonly observed: string[] = [];
  readonly #files = new Map<string, { readonly body: Uint8Array<ArrayBuffer> }>();

  constructor(files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>) {
    for (const [target, body] of Object.entries(files)) this.put(target, body);
  }

  put(target: string, body: string | Uint8Array<ArrayBuffer>): void {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    this.#files.set(target, { body: bytes });
  }

  find(target: string): object | undefined {
    return this.#files.get(target);
  }

  bodyOf(contents: { readonly body: Uint8Array }): Uint8Array {
    return contents.body;
  }

  observerOf(target: string): AnswerObserver {
    return (client: string, agent: string) => {
      this.observed.push(`${target} ${client} ${agent}`);
    };
  }

  /** Answers what there is, and tells of all else that there is none. */
  readonly handler = async (request: Request): Promise<Response> => {
    await request.text();
    const { pathname, search } = new URL(request.url);
    this.handled.push(`${request.method} ${pathname}${search}`);
    const file = this.#files.get(pathname);
    if (file === undefined) return new Response("none", { status: 404 });
    const headers = {
      "ETag": '"1"',
      "Content-Type": TYPE,
      "Content-Length": `${file.body.length}`,
    };
    if (request.headers.has("If-None-Match")) return new Response(null, { status: 304, headers });
    return new Response(file.body, { headers });
  };

  /** A server of these files. */
  serve(options: HttpFixtureOptions = {}): HttpFixture {
    return new HttpFixture({ handler: this.handler, shared: this, ...options });
  }
}

/** A client of `fixture` that knows `target` well: its head is remembered, and the answer prepared. */
export async function warmClient(
  fixture: HttpFixture,
  target: string,
  fields = "Host: echo\r\n",
): Promise<RawClient> {
  const client = await fixture.connect();
  for (let i = 1; i <= ASKED_BEFORE + 2; i++) {
    await client.send(`GET ${target} HTTP/1.1\r\n${fields}\r\n`);
    await client.answers(i);
  }
  return client;
}
