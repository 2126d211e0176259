/** A hook server over HTTP, which verifies what it gets and can be made to fail. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { verify } from "./hook_server.ts";

/** What the receiver does: as if it was not there, or this status for whatever comes. */
type Mood = "down" | number;

/** A hook as it was taken; verified before that. */
export interface Hook {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A hook server, that can be made to fail. */
export class HookReceiver implements AsyncDisposable {
  readonly secret = "the-secret-of-the-hooks";
  mood: Mood = 204;
  /** How who may publish is answered, where the mood allows it. */
  decide: (data: Hook["data"]) => boolean = () => false;
  /** Events that were taken, in order; one that is sent twice counts once. */
  readonly events: Hook[] = [];
  readonly questions: Hook[] = [];
  /** Hooks that could not be verified. */
  readonly forged: string[] = [];
  /** Requests by mood. */
  readonly seen = new Map<Mood, number>();
  readonly #server: Server;
  readonly #port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.#port = port;
    server.on("connection", (socket) => {
      if (this.mood === "down") {
        this.#count("down");
        socket.destroy();
      }
    });
    server.on("request", (request, response) => void this.#receive(request, response));
  }

  static async start(): Promise<HookReceiver> {
    const server = createServer({ keepAlive: false });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("Cannot find the port");
    return new HookReceiver(server, address.port);
  }

  /** With a password and a token, as such URLs have. */
  get url(): string {
    return `http://echo:pa55word@127.0.0.1:${this.#port}/hooks/t0ken`;
  }

  get env(): Record<string, string> {
    return { HOOK_URL: this.url, HOOK_SECRET: this.secret };
  }

  /** Types of the events of `name`. */
  types(name: string): string[] {
    return this.events.filter(({ data }) => data.name === name).map(({ type }) => type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(request);
    const { mood } = this;
    this.#count(mood);
    if (mood === "down") return void response.destroy();
    const headers = new Headers();
    for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
      headers.set(name, String(request.headers[name]));
    }
    try {
      await verify({ headers, text }, new TextEncoder().encode(this.secret));
    } catch (error) {
      this.forged.push(`${text}: ${error}`);
    }
    const { type, timestamp, data } = JSON.parse(text);
    const hook = { id: headers.get("webhook-id") ?? "", type, timestamp, data };
    response.statusCode = mood >= 300 ? mood : this.#take(hook) ? mood : 403;
    response.setHeader("Connection", "close");
    response.end();
  }

  #take(hook: Hook): boolean {
    if (hook.type === "authorize-request") {
      this.questions.push(hook);
      return this.decide(hook.data);
    }
    if (!this.events.some(({ id }) => id === hook.id)) this.events.push(hook);
    return true;
  }

  #count(mood: Mood): void {
    this.seen.set(mood, (this.seen.get(mood) ?? 0) + 1);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const part of request) text += part;
  return text;
}
