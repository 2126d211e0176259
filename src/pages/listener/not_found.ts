/** What browsers get for what is not there. */
import type { MiddlewareHandler } from "hono";
import { html } from "hono/html";
import { pageHeaders } from "../assets.ts";
import { brand, commonHead, type Markup } from "./page_frame.ts";

export interface NotFoundOptions {
  /** The URL of an asset, relative to the root. */
  readonly asset: (name: string) => string;
  /** Whether there is a page that shows who is on air, at the root. */
  readonly index: boolean;
}

/** Answers who asks for a page (`Accept: text/html`) with one where there is nothing. */
export function notFoundPage({ asset, index }: NotFoundOptions): MiddlewareHandler {
  return async (c, next) => {
    await next();
    if (c.res.status !== 404) return;
    c.res.headers.append("Vary", "Accept");
    if (!c.req.header("Accept")?.includes("text/html")) return;
    // As the browser knows it, so that relative URLs are right behind any proxy.
    const { pathname } = new URL(c.req.url);
    const root = "../".repeat(pathname.split("/").length - 2);
    const markup = page((file) => `${root}${asset(file)}`, index ? root || "./" : undefined);
    const cacheControl = c.res.headers.get("Cache-Control") ?? "no-store";
    c.res = undefined;
    c.res = await c.html(markup, 404, {
      ...pageHeaders({ cacheControl }),
      "Vary": "Accept",
    });
  };
}

function page(asset: (name: string) => string, index: string | undefined): Markup {
  return html`
    <!DOCTYPE html>
    <html lang="en" class="index">
      <head>
        ${commonHead(asset)}
        <title>Not found · Echo</title>
      </head>
      <body>
        <main class="not-found">
    ${brand(index)}
    <h1>There is nothing here</h1>
    <p class="soft">The address may be mistyped, or what it was for is gone.</p>
    ${index === undefined ? null : html`<p><a href="${index}">Who is on air</a></p>`}
        </main>
      </body>
    </html>
  `;
}
