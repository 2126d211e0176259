/**
 * The dialogue of Icecast as a server has it: sources, titles, status, and receivers that are handed
 * on.
 *
 * @module
 */
import { CONTINUE } from "../http/response_head.ts";
import { isAboutWhatWasTyped, PublishRefused } from "../session/ingest.ts";
import { shownPath } from "../session/typed_text.ts";
import { contentTypeRefusal } from "./content_type.ts";
import { HeadReader } from "./head_reader.ts";
import {
  announcesBody,
  bodyForm,
  expectsContinue,
  type IcecastRequest,
  keepsAlive,
  parseIcecastRequest,
} from "./icecast_request.ts";
import { HeadTooLong } from "./line_reader.ts";
import {
  ACCEPTED,
  ANY_ORIGIN,
  challenge,
  metadataReply,
  options,
  REFUSAL_STATUS,
  refusalReply,
  type Reply,
  replyBytes,
} from "./replies.ts";
import {
  type DialogueEnd,
  type DialogueOptions,
  type DialogueState,
  factsOf,
  type SourceDialogue,
} from "./source_dialogue.ts";
import { SourceBody } from "./source_body.ts";
import { SourceStream } from "./source_stream.ts";
import { basicCredentials, mountTarget, refusalOf, titleTarget } from "./source_target.ts";
import { queryFields, queryPasswords, queryText, titleOf } from "./title.ts";

/** Of one connection. libshout needs three. */
const MAX_REQUESTS = 16;
/** What may come behind a request that waits for its answer. */
const MAX_HELD_BYTES = 8192;

/** A source of Shoutcast begins with its password. */
const NO_REQUEST = "Cannot take the request: it is none; " +
  "sources of Shoutcast come in at the next port, with SHOUTCAST_ENABLED=1";

/** A connection to the source port. */
export class IcecastSession implements SourceDialogue {
  readonly #options: DialogueOptions;
  readonly #reader = new HeadReader();
  #state: DialogueState = "head";
  #end: DialogueEnd | undefined;
  /** The one that came last. */
  #request: IcecastRequest | undefined;
  #requests = 0;
  /** What has to name the broadcast whose title is told, where no mount does. */
  #password: string | undefined;
  #stream: SourceStream | undefined;
  #body: SourceBody | undefined;
  /** What came behind a request that waits for its answer. */
  #held = new Uint8Array(0);

  constructor(options: DialogueOptions) {
    this.#options = options;
  }

  get state(): DialogueState {
    return this.#state;
  }

  get end(): DialogueEnd | undefined {
    return this.#end;
  }

  get seen(): string {
    return this.#stream?.seen ?? "nothing";
  }

  get frames(): number {
    return this.#stream?.frames ?? 0;
  }

  feed(bytes: Uint8Array, arrivedAt?: number): void {
    let rest = bytes;
    while (this.#state === "head" && rest.length > 0) rest = rest.subarray(this.#readHead(rest));
    if (this.#state === "tagging") this.#hold(rest);
    else if (rest.length > 0) this.#feedBody(rest, arrivedAt);
  }

  accept(): void {
    if (this.#state !== "asking") return;
    this.#state = "publishing";
    this.#options.send(expectsContinue(this.#request) ? CONTINUE : ACCEPTED);
  }

  handedOn(): void {
    if (this.#state === "publishing" && this.#body?.isOver) this.#goodbye();
  }

  refuse(why: unknown): void {
    if (this.#state !== "asking" && this.#state !== "tagging") return;
    if (!(why instanceof PublishRefused)) throw why;
    const hint = this.#state === "asking" && isAboutWhatWasTyped(why.kind)
      ? `; got the mount /${shownPath(this.#request?.path ?? "")}, ` +
        "expected /NAME with the key as password"
      : "";
    this.#refuse(REFUSAL_STATUS[why.kind], refusalOf(this.#password, why) + hint);
  }

  tagged(isOnAir: boolean): void {
    if (this.#state !== "tagging") return;
    this.#state = "head";
    if (isOnAir) this.#replyMetadata(200, "Metadata update successful");
    else this.#replyMetadata(400, "Source does not exist");
    const held = this.#held;
    this.#held = new Uint8Array(0);
    this.feed(held);
  }

  dismiss(why: string): void {
    // Who was let in without waiting has had its answer.
    if (this.#state === "publishing" && expectsContinue(this.#request)) {
      this.#send(refusalReply(this.#stream?.isRejected ? 415 : 403, why));
    }
  }

  close(): void {
    this.#finish(undefined);
  }

  /** @returns how many bytes were taken */
  #readHead(bytes: Uint8Array): number {
    try {
      const { used, lines } = this.#reader.take(bytes);
      if (lines !== undefined) this.#onHead(lines);
      return used;
    } catch (error) {
      if (!(error instanceof HeadTooLong)) throw error;
      this.#refuse(431, `Cannot take the request: ${error.message}`);
      return bytes.length;
    }
  }

  #onHead(lines: readonly string[]): void {
    const request = this.#request = parseIcecastRequest(lines);
    this.#requests++;
    if (request === undefined) return this.#refuse(400, NO_REQUEST);
    switch (request.method) {
      case "PUT":
      case "SOURCE":
        return this.#onSource(request);
      case "OPTIONS":
        return this.#reply(options(request.fields, keepsAlive(request)));
      case "GET":
      case "HEAD":
        return this.#onGet(request, request.method);
      default:
        return this.#refuse(405, `Cannot take ${request.method}: PUT, SOURCE and GET are known`);
    }
  }

  #onSource(request: IcecastRequest): void {
    const { fields, path } = request;
    const credentials = basicCredentials(fields.get("authorization"));
    const form = bodyForm(request);
    if (form === undefined) {
      return this.#refuse(400, "Cannot publish: where its body ends is unclear");
    }
    // libshout finds out by such a request what the server asks for.
    if (credentials === undefined && form === "none") {
      return this.#reply(challenge(keepsAlive(request)));
    }
    const refusal = contentTypeRefusal(fields.get("content-type"));
    if (refusal !== undefined) return this.#refuse(415, `Cannot publish: ${refusal}`);
    this.#body = new SourceBody(form);
    this.#state = "asking";
    const ingest = this.#options.publish(mountTarget(queryText(path), credentials));
    if (this.state === "over") return ingest.end("lost");
    ingest.facts(factsOf(fields));
    this.#stream = new SourceStream(ingest);
  }

  #onGet(request: IcecastRequest, method: "GET" | "HEAD"): void {
    const { path, query, fields } = request;
    switch (path) {
      case "/admin/!POKE":
        return this.#reply(options(request.fields, keepsAlive(request)));
      case "/admin/metadata":
      case "/admin.cgi":
        return this.#onMetadata(request);
      case "/status-json.xsl":
        return this.#replyStatus(request);
    }
    if (this.#options.listen({ method, path, query, fields })) this.#state = "handed over";
    else this.#refuse(404, "There is no such stream", "served");
  }

  #onMetadata(request: IcecastRequest): void {
    const { path, query, fields } = request;
    const told = queryFields(query);
    const mount = told.get("mount");
    const password = path === "/admin.cgi" ? told.get("pass") : undefined;
    const passwords = password === undefined ? [] : queryPasswords(password);
    const credentials = basicCredentials(fields.get("authorization"));
    if (credentials === undefined && password === undefined) {
      return this.#reply(challenge(keepsAlive(request)));
    }
    const target = titleTarget({ mount: mount && queryText(mount), credentials, passwords });
    if (target === undefined) return this.#replyMetadata(400, "Missing parameter: mount");
    if (told.get("mode") !== "updinfo") return this.#replyMetadata(400, "No such action");
    const tags = titleOf(told);
    // Some tell a URL alone, which nobody would see here.
    if (tags === undefined) return this.#replyMetadata(200, "Metadata update successful");
    this.#state = "tagging";
    this.#password = mount === undefined ? passwords[0] : undefined;
    this.#options.tag(target, tags);
  }

  /** It may be long, so that nothing follows it. */
  #replyStatus({ query, fields }: IcecastRequest): void {
    const mount = queryFields(query).get("mount");
    const credentials = basicCredentials(fields.get("authorization"));
    const asked = mount === undefined ? undefined : mountTarget(queryText(mount), credentials);
    this.#reply({
      ...{ status: 200, reason: "OK", type: "application/json", keepAlive: false },
      body: this.#options.status(asked),
      fields: [ANY_ORIGIN, "Cache-Control: no-cache"],
    });
  }

  #replyMetadata(status: number, message: string): void {
    const isDone = status === 200;
    const reply = { status, reason: isDone ? "OK" : message, type: "text/xml" };
    const keepAlive = isDone && this.#request !== undefined && keepsAlive(this.#request);
    this.#reply({ ...reply, body: metadataReply(isDone, message), keepAlive });
  }

  #feedBody(bytes: Uint8Array, arrivedAt: number | undefined): void {
    if (this.#body === undefined || this.#stream === undefined) return;
    const { data, fault } = this.#body.take(bytes);
    if (data.length > 0) this.#stream.feed(data, arrivedAt);
    if (this.state === "over") return;
    if (fault !== undefined) this.#refuse(400, `Cannot go on: ${fault}`);
    else if (this.#body.isOver && this.#state === "publishing") this.#goodbye();
  }

  /** The source has said that its body is over, as few can. */
  #goodbye(): void {
    this.#stream?.end("finished");
    this.#stream = undefined;
    this.#send({ status: 200, reason: "OK", keepAlive: false });
    this.#finish({ why: "the source said that its stream is over", kind: "goodbye" });
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#held.length + bytes.length;
    if (length > MAX_HELD_BYTES) return this.#refuse(400, "Cannot wait: too much was sent behind");
    const all = new Uint8Array(length);
    all.set(this.#held);
    all.set(bytes, this.#held.length);
    this.#held = all;
  }

  #refuse(status: number, why: string, kind: DialogueEnd["kind"] = "refused"): void {
    this.#send(refusalReply(status, why));
    this.#finish({ why, kind });
  }

  /** Answers; the connection goes on where both sides want that, and nothing but a request follows. */
  #reply(reply: Reply): void {
    const hasBody = this.#request !== undefined && announcesBody(this.#request);
    const keepAlive = reply.keepAlive && this.#requests < MAX_REQUESTS && !hasBody;
    this.#send({ ...reply, keepAlive });
    if (keepAlive) return;
    this.#finish({ why: `answered ${reply.status} ${reply.reason}`, kind: "served" });
  }

  #send(reply: Reply): void {
    const { version = "HTTP/1.0", method } = this.#request ?? {};
    this.#options.send(replyBytes(version, reply, method === "HEAD"));
  }

  #finish(end: DialogueEnd | undefined): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#end = end;
    this.#stream?.end("lost");
    this.#stream = undefined;
  }
}
