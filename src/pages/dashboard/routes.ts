/** The routes of the operator's dashboard, and of the page to sign in. */
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotJs from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uqr from "uqr" with { type: "text" };
import { getLogger } from "@logtape/logtape";
import { type Context, Hono } from "hono";
import type { Entrance, Verdict } from "../../web/entrance.ts";
import { readAtMost } from "../../web/read_at_most.ts";
import { Assets, pageHeaders } from "../assets.ts";
import { hlsLibrary } from "../hls_library.ts";
import icon from "../listener/icon.svg" with { type: "text" };
import qrCodeJs from "../qr_code.js" with { type: "text" };
import codecChangesJs from "../codec_changes.js" with { type: "text" };
import timeBreaksJs from "../time_breaks.js" with { type: "text" };
import theme from "../theme.css" with { type: "text" };
import alarmJs from "./alarm.js" with { type: "text" };
import audioWordsJs from "./audio_words.js" with { type: "text" };
import bandCss from "./band.css" with { type: "text" };
import cardsCss from "./cards.css" with { type: "text" };
import bandJs from "./band.js" with { type: "text" };
import boxesJs from "./boxes.js" with { type: "text" };
import chartJs from "./chart.js" with { type: "text" };
import closedHtml from "./closed.html" with { type: "text" };
import css from "./dashboard.css" with { type: "text" };
import html from "./dashboard.html" with { type: "text" };
import dashboardJs from "./dashboard.js" with { type: "text" };
import detailsCss from "./details.css" with { type: "text" };
import dialogJs from "./dialog.js" with { type: "text" };
import elsewhereJs from "./elsewhere.js" with { type: "text" };
import eventListJs from "./event_list.js" with { type: "text" };
import eventWordsJs from "./event_words.js" with { type: "text" };
import fleetJs from "./fleet.js" with { type: "text" };
import formatJs from "./format.js" with { type: "text" };
import gapsJs from "./gaps.js" with { type: "text" };
import listeningActionsJs from "./listening_actions.js" with { type: "text" };
import liveJs from "./live.js" with { type: "text" };
import panelsCss from "./panels.css" with { type: "text" };
import playerJs from "./player.js" with { type: "text" };
import plotsJs from "./plots.js" with { type: "text" };
import publishCss from "./publish.css" with { type: "text" };
import publishJs from "./publish.js" with { type: "text" };
import recordingsJs from "./recordings.js" with { type: "text" };
import reportsCss from "./reports.css" with { type: "text" };
import reportsJs from "./reports.js" with { type: "text" };
import rowOrderJs from "./row_order.js" with { type: "text" };
import sessionDetailsJs from "./session_details.js" with { type: "text" };
import sessionsJs from "./sessions.js" with { type: "text" };
import signInCss from "./sign_in.css" with { type: "text" };
import signInHtml from "./sign_in.html" with { type: "text" };
import tableJs from "./table.js" with { type: "text" };
import tablesCss from "./tables.css" with { type: "text" };
import troublesJs from "./troubles.js" with { type: "text" };

const logger = getLogger(["echo", "stat"]);

/** The longest token fits in. */
const MAX_FORM_BYTES = 10_240;
const TOO_LARGE = "the form is too large";
const CUT = "the form breaks off";

/** The header Host: a name or an address, and a port. */
const HOST = /^([a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

const STATUS = {
  granted: 200,
  unknown: 401,
  closed: 403,
  foreign: 403,
  guessing: 429,
  unavailable: 503,
} as const;

const WHY_NOT = {
  unknown: "That is not the token.",
  foreign: "That did not come from this page. Try again.",
  guessing: "Too many wrong tokens. Wait a minute.",
  unavailable: "Tokens cannot be checked at the moment. Try again later.",
} as const;

export interface DashboardRoutesOptions {
  /** The ports, on the same host, from which the dashboard may play live broadcasts. */
  readonly hlsPorts?: readonly number[];
  /** The site from which it may play recordings, besides its own server. */
  readonly recordingsOrigin?: string | undefined;
}

/** The dashboard at `/`, or the page to sign in. The dashboard gets all its data from the API. */
export function dashboardRoutes(
  entrance: Entrance,
  { hlsPorts = [], recordingsOrigin }: DashboardRoutesOptions = {},
): Hono {
  const open = new Assets([
    { name: "icon.svg", body: icon },
    { name: "theme.css", body: theme },
    { name: "sign_in.css", body: signInCss },
  ]);
  const own = new Assets([
    { name: "alarm.js", body: alarmJs },
    { name: "audio_words.js", body: audioWordsJs },
    { name: "band.css", body: bandCss },
    { name: "cards.css", body: cardsCss },
    { name: "band.js", body: bandJs },
    { name: "boxes.js", body: boxesJs },
    { name: "chart.js", body: chartJs },
    { name: "codec_changes.js", body: codecChangesJs },
    { name: "dashboard.css", body: css },
    { name: "dashboard.js", body: dashboardJs },
    { name: "details.css", body: detailsCss },
    { name: "dialog.js", body: dialogJs },
    { name: "elsewhere.js", body: elsewhereJs },
    { name: "event_list.js", body: eventListJs },
    { name: "event_words.js", body: eventWordsJs },
    { name: "fleet.js", body: fleetJs },
    { name: "format.js", body: formatJs },
    { name: "gaps.js", body: gapsJs },
    hlsLibrary,
    { name: "listening_actions.js", body: listeningActionsJs },
    { name: "live.js", body: liveJs },
    { name: "panels.css", body: panelsCss },
    { name: "player.js", body: playerJs },
    { name: "plots.js", body: plotsJs },
    { name: "publish.css", body: publishCss },
    { name: "publish.js", body: publishJs },
    { name: "qr_code.js", body: qrCodeJs },
    { name: "recordings.js", body: recordingsJs },
    { name: "reports.css", body: reportsCss },
    { name: "reports.js", body: reportsJs },
    { name: "row_order.js", body: rowOrderJs },
    { name: "session_details.js", body: sessionDetailsJs },
    { name: "sessions.js", body: sessionsJs },
    { name: "table.js", body: tableJs },
    { name: "tables.css", body: tablesCss },
    { name: "time_breaks.js", body: timeBreaksJs },
    { name: "troubles.js", body: troublesJs },
    { name: "uplot.css", body: uplotCss },
    { name: "uplot.js", body: uplotJs },
    { name: "uqr.mjs", body: uqr },
  ]);
  const dashboard = link(link(html, "open", open), "own", own);
  const signIn = link(signInHtml, "open", open);
  const closed = link(closedHtml, "open", open);

  const app = new Hono();
  app.get("/", async (c) => {
    const verdict = await entrance.check(c);
    if (verdict === "granted") {
      const hls = hlsOrigins(c, hlsPorts);
      return send(c, dashboard, verdict, { hls, recordings: recordingsOrigin });
    }
    // Where no token is configured, nobody can sign in.
    if (verdict === "unavailable") return send(c, fill(signIn, { why: WHY_NOT[verdict] }), verdict);
    if (verdict !== "unknown") return send(c, closed, verdict);
    return send(c, fill(signIn, { why: "" }), verdict);
  });
  app.post("/sign-in", async (c) => {
    const form = await readForm(c);
    if (typeof form === "string") return c.text(form, form === TOO_LARGE ? 413 : 400);
    const verdict = await entrance.signIn(c, form.get("token")?.trim() ?? "");
    if (verdict === "granted") return c.redirect("./", 303);
    if (verdict === "closed") return send(c, closed, verdict);
    return send(c, fill(signIn, { why: WHY_NOT[verdict] }), verdict);
  });
  app.post("/sign-out", entrance.guard, (c) => {
    entrance.signOut(c);
    return c.redirect("./", 303);
  });
  // After a wrong token, the browser's address is this one.
  app.get("/sign-in", (c) => c.redirect("./", 303));
  app.route("/dashboard/open", open.routes);
  app.use("/dashboard/own/*", entrance.guard);
  app.route("/dashboard/own", own.routes);
  return app;
}

/** The form that a browser sends, or why there is none. */
async function readForm(c: Context): Promise<URLSearchParams | typeof TOO_LARGE | typeof CUT> {
  const { body } = c.req.raw;
  if (body === null) return new URLSearchParams();
  try {
    const bytes = await readAtMost(body, MAX_FORM_BYTES);
    return bytes === undefined ? TOO_LARGE : new URLSearchParams(new TextDecoder().decode(bytes));
  } catch (error) {
    logger.debug("The form of a sign-in broke off: {why}", { why: String(error) });
    return CUT;
  }
}

/** Replaces `%FOLDER/NAME%` by the URLs of assets, which are relative because of proxies. */
function link(page: string, folder: string, assets: Assets): string {
  return page.replaceAll(
    new RegExp(`%${folder}/([\\w.]+)%`, "g"),
    (_, name) => `dashboard/${folder}/${assets.url(name)}`,
  );
}

/** Where a page may play from, besides its own server. */
interface Sources {
  /** Live broadcasts; empty: nowhere. */
  readonly hls?: string;
  readonly recordings?: string | undefined;
}

function send(
  c: Context,
  page: string,
  verdict: Verdict,
  { hls = "", recordings = "" }: Sources = {},
): Response {
  // hls.js plays from a `blob:`; iPhones load from the server itself.
  const media = ["'self'", ...hls === "" ? [] : ["blob:", hls], recordings];
  return c.html(page, STATUS[verdict], {
    ...pageHeaders({
      policy: {
        "form-action": "'self'",
        "connect-src": `'self' ${hls}`.trim(),
        "media-src": media.join(" ").trim(),
      },
      cacheControl: "no-store",
    }),
    // With no-referrer, browsers would send `Origin: null` with forms (Fetch, 3.2).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
  });
}

/** Sources for the content security policy, where `http:` allows `https:` too (CSP 3, 6.7.2.8). */
function hlsOrigins(c: Context, ports: readonly number[]): string {
  const host = c.req.header("Host") ?? new URL(c.req.url).host;
  const [, hostname] = HOST.exec(host) ?? [];
  if (hostname === undefined) return "";
  return ports.map((port) => `http://${hostname}:${port}`).join(" ");
}

/** Replaces `%NAME%` by texts, which are not escaped. */
function fill(page: string, texts: Readonly<Record<string, string>>): string {
  return page.replaceAll(/%(\w+)%/g, (_, name) => texts[name] ?? "");
}
