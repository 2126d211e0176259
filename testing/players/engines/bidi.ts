/**
 * WebDriver BiDi (W3C Working Draft, 4 "Protocol"): commands and their results by WebSocket.
 *
 * @module
 */

interface Answer {
  readonly id?: number | null;
  readonly type: "success" | "error" | "event";
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
}

interface Pending {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A connection to a browser, closed at its disposal. */
export class BidiConnection implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #closed = Promise.withResolvers<void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => {
      for (const { method, reject } of this.#pending.values()) {
        reject(gone(method));
      }
      this.#closed.resolve();
    };
  }

  /** @throws where nobody listens at `url` */
  static async open(url: string): Promise<BidiConnection> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
    });
    return new BidiConnection(socket);
  }

  /** @throws what the browser has against it, or where it is gone */
  async call<T>(method: string, params: Readonly<Record<string, unknown>>): Promise<T> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw gone(method);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++this.#lastId;
    this.#pending.set(id, { method, resolve, reject });
    this.#socket.send(JSON.stringify({ id, method, params }));
    return await promise as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#closed.promise;
  }

  #take({ id, type, result, error, message }: Answer): void {
    const pending = this.#pending.get(id ?? 0);
    if (pending === undefined) return;
    this.#pending.delete(id ?? 0);
    if (type === "success") pending.resolve(result);
    else pending.reject(new Error(`${pending.method}: ${error}: ${message}`));
  }
}

function gone(method: string): Error {
  return new Error(`The browser is gone before it answered ${method}`);
}
