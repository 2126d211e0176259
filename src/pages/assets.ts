/**
 * What pages load and the headers that they have. Everything is served from the program itself: no
 * page asks another host for anything.
 */
import { type Context, Hono } from "hono";
import { contentHash } from "../web/entity_tag.ts";
import { acceptsGzip, gzip } from "../web/gzip.ts";
import { sharedBody } from "../web/shared_body.ts";

/** A file that a page loads. */
export interface Asset {
  /** The name by which pages and other assets refer to it: `player.js`. */
  readonly name: string;
  /** Text, or the bytes of an image. */
  readonly body: string | Uint8Array<ArrayBuffer>;
}

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
};
/** Types that are compressed already, so that gzip gains nothing. */
const COMPRESSED = ["png"];

const FOREVER = "public, max-age=31536000, immutable";

/**
 * The assets of some pages, with one version for all of them. The version is a hash of the contents
 * and part of the URL, so a change of any asset gives all of them new URLs, and caches may keep
 * them for good. Assets refer to each other by name (`import "./meter.js"`).
 */
export class Assets {
  /** To be mounted at a folder of its own: `app.route("/assets", assets.routes)`. */
  readonly routes: Hono = new Hono();
  readonly #version: string;
  readonly #served: ReadonlyMap<string, ServedAsset>;

  /** @throws {Error} where two have the same name, or the extension of a name is not known */
  constructor(assets: readonly Asset[]) {
    this.#served = new Map(assets.map((asset) => [asset.name, new ServedAsset(asset)]));
    if (this.#served.size < assets.length) throw new Error("Cannot serve assets: a name is twice");
    const tags = [...this.#served.values()].map(({ name, tag }) => `${name} ${tag}\n`);
    this.#version = contentHash(tags.join("")).slice(0, 12);
    this.routes.get("/:version/:name", async (c) => {
      const { version, name } = c.req.param();
      const asset = this.#served.get(name);
      // A page from a box with another version gets the asset of this version.
      const isCurrent = version === this.#version;
      return asset === undefined ? c.notFound() : await asset.send(c, isCurrent);
    });
  }

  /**
   * The URL of the asset `name`, relative to where {@link routes} are mounted.
   * @throws {Error} where there is no such asset
   */
  url(name: string): string {
    if (!this.#served.has(name)) throw new Error(`Cannot refer to ${name}: no such asset`);
    return `${this.#version}/${name}`;
  }
}

/** The bytes of an image that is stored as base64, because only text can be part of the program. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(text);
}

export interface PageOptions {
  /** Directives (CSP 3) to add to those of every page, or to replace them, such as `media-src`. */
  readonly policy?: Readonly<Record<string, string>>;
  /** The sites that may show the page in a frame; none by default. */
  readonly frameAncestors?: string;
  readonly cacheControl?: string;
}

/**
 * The headers of a page. They allow its own scripts, styles and images, and requests to its own
 * server. They forbid inline scripts and styles, other hosts and devices.
 */
export function pageHeaders(options: PageOptions = {}): Record<string, string> {
  const { policy = {}, frameAncestors = "'none'", cacheControl = "no-cache" } = options;
  const directives = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": frameAncestors,
    ...policy,
  };
  return {
    "Cache-Control": cacheControl,
    "Content-Security-Policy": Object.entries(directives).map((pair) => pair.join(" ")).join("; "),
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  };
}

class ServedAsset {
  readonly name: string;
  /** The entity tag (RFC 9110 8.8.3), without its quotes. */
  readonly tag: string;
  readonly #type: string;
  /** Text is kept as text, which the program holds in any case, until it is sent uncompressed. */
  #body: string | Uint8Array<ArrayBuffer>;
  readonly #compressible: boolean;
  #compressed: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor({ name, body }: Asset) {
    const extension = name.slice(name.lastIndexOf(".") + 1);
    const type = TYPES[extension];
    if (type === undefined) throw new Error(`Cannot serve ${name}: its type is not known`);
    this.name = name;
    this.#type = type;
    this.#body = extension === "js" ? sideBySide(body) : body;
    this.#compressible = !COMPRESSED.includes(extension);
    this.tag = contentHash(this.#body);
  }

  async send(c: Context, isCurrent: boolean): Promise<Response> {
    const isCompressed = this.#compressible && acceptsGzip(c.req.header("Accept-Encoding"));
    const tag = isCompressed ? `"${this.tag}-gzip"` : `"${this.tag}"`;
    c.header("Cache-Control", isCurrent ? FOREVER : "no-cache");
    c.header("ETag", tag);
    c.header("X-Content-Type-Options", "nosniff");
    if (this.#compressible) c.header("Vary", "Accept-Encoding");
    if (c.req.header("If-None-Match")?.includes(tag)) return c.body(null, 304);
    c.header("Content-Type", this.#type);
    if (isCompressed) c.header("Content-Encoding", "gzip");
    const bytes = isCompressed ? await (this.#compressed ??= gzip(this.#body)) : this.#bytes;
    c.header("Content-Length", `${bytes.length}`);
    return c.body(sharedBody(bytes));
  }

  get #bytes(): Uint8Array<ArrayBuffer> {
    if (typeof this.#body === "string") this.#body = new TextEncoder().encode(this.#body);
    return this.#body;
  }
}

/** The script as it is served: files of the folder above are served from the same folder. */
function sideBySide(body: Asset["body"]): Asset["body"] {
  return typeof body === "string" ? body.replaceAll(' from "../', ' from "./') : body;
}
