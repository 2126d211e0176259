/** What the listeners' pages have in common. */
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";

/** A page's markup. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

/** The logo, as a link to the page that shows who is on air, where there is that page. */
export function brand(index: string | undefined): Markup {
  const logo = html`${raw(LOGO)}<span>Echo</span>`;
  return index === undefined
    ? html`<p class="brand">${logo}</p>`
    : html`<p class="brand"><a href="${index}" aria-label="Echo: who is on air">${logo}</a></p>`;
}

/**
 * What the heads of all pages have.
 * @param styles style sheets beside those of all pages
 */
export function commonHead(
  asset: (name: string) => string,
  styles: readonly string[] = [],
): Markup {
  const link = (rel: string, file: string) => html`<link rel="${rel}" href="${asset(file)}">`;
  return html`<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="theme-color" content="#f6f5f3" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#131211" media="(prefers-color-scheme: dark)">
${link("icon", "icon.svg")}
${link("apple-touch-icon", "icon.png")}
${["theme.css", "player.css", ...styles].map((file) => link("stylesheet", file))}`;
}

/** Echo's logo, an SVG. */
export const LOGO =
  `<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="none" \
stroke="currentColor" stroke-width="2" stroke-linecap="round"><circle cx="12" cy="12" r="2.5" \
fill="currentColor" stroke="none"/><path d="M7.4 16.6a6.5 6.5 0 0 1 0-9.2M16.6 7.4a6.5 6.5 0 0 1 \
0 9.2"/><path opacity=".55" d="M4.2 19.8a11 11 0 0 1 0-15.6M19.8 4.2a11 11 0 0 1 0 15.6"/></svg>`;
