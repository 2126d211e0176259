/**
 * Takes pictures of all pages in all their states, in every browser that is installed and in both
 * colour schemes, for people to look at, and fails where axe or a look at the layout finds something:
 * `deno task screenshots [FOLDER [BROWSER…]]`.
 */
import { ENGINE_KINDS } from "../players/engines/engines.ts";
import { SCHEMES } from "../players/page_visits.ts";
import { until } from "../until.ts";
import { Look } from "./look.ts";
import { EVENING, ShownStation, TOKEN } from "./station.ts";

const DEFAULT_FOLDER = `${Deno.env.get("TMPDIR") ?? "/tmp"}/echo-screenshots`;
/** As the band tells them. */
const TROUBLES = ["EchoDegraded", "EchoPaused", "EchoWaiting", "EchoSrtLoss"];

async function main([folder = DEFAULT_FOLDER, ...browsers]: readonly string[]): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const station = stack.use(await ShownStation.start());
  const looks: Look[] = [];
  for (const kind of ENGINE_KINDS) {
    if (browsers.length > 0 && !browsers.includes(kind)) continue;
    for (const scheme of SCHEMES) {
      looks.push(stack.use(await Look.start({ kind, scheme, folder })));
    }
  }
  const each = async (what: string, show: (look: Look, station: ShownStation) => Promise<void>) => {
    for (const look of looks) {
      await show(look, station);
      await look.engine.open("about:blank");
    }
    console.log(what);
  };
  await each("the dashboard without a show", idleDashboard);
  await station.fill(30);
  await each("the dashboard with 30 shows", fullDashboard);
  await station.fill(40);
  await each("the index with 40 shows", index);
  await each("the page of a show", page);
  await station.trouble();
  await each("the dashboard in trouble", dashboardInTrouble);
  const faults = looks.flatMap((look) => look.faults);
  for (const fault of faults) console.error(fault);
  const pictures = looks.reduce((sum, look) => sum + look.pictures, 0);
  console.log(`${pictures} pictures in ${folder}, ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

async function idleDashboard(look: Look, { dashboard }: ShownStation): Promise<void> {
  await look.engine.open(dashboard);
  await look.take("dashboard-sign-in");
  await look.evaluate(`(document.querySelector("#token").value = ${JSON.stringify(TOKEN)},
    document.querySelector("form").requestSubmit(), true)`);
  await look.until("document.querySelector('#connection')?.dataset.state === 'live'");
  await look.take("dashboard-idle");
}

async function openDashboard(look: Look, { dashboard }: ShownStation): Promise<void> {
  await look.engine.open(dashboard);
  await look.until("document.querySelectorAll('#sessions tbody tr').length >= 30");
  await look.until("Number(document.querySelector('#plots').dataset.points) > 3");
}

async function fullDashboard(look: Look, station: ShownStation): Promise<void> {
  await openDashboard(look, station);
  await look.take("dashboard-30-shows");
  await look.engine.click("#sessions .name");
  await look.until(HAS_DETAILS);
  await look.take("dashboard-row-open-well");
  await look.engine.click("#publish-open");
  await look.evaluate(`(document.querySelector("#publish-name").value = "evening",
    document.querySelector("#publish-form").requestSubmit(), true)`);
  await look.until("document.querySelector('#publish-settings code')");
  await look.take("dashboard-publish");
}

async function dashboardInTrouble(look: Look, station: ShownStation): Promise<void> {
  await openDashboard(look, station);
  for (const alert of TROUBLES) {
    await look.until(`document.querySelector("#troubles").textContent.includes("${alert}")`);
  }
  await look.take("dashboard-trouble");
  await look.engine.click("#troubles button");
  await look.until(HAS_DETAILS);
  await look.take("dashboard-row-open");
}

const HAS_DETAILS = "/AAC-LC/.test(document.querySelector('.details')?.textContent ?? '')";

async function index(look: Look, { pages }: ShownStation): Promise<void> {
  await look.engine.open(pages);
  await look.until("document.querySelectorAll('#shows li').length >= 40");
  await look.take("index-40-shows");
}

/** From the first look until the show is over, and after. */
async function page(look: Look, station: ShownStation): Promise<void> {
  const { engine } = look;
  const url = `${station.pages}/cast/${EVENING}/`;
  const phase = (phase: string) => look.until(`${MAIN}.dataset.phase === "${phase}"`);
  const state = (state: string) => look.until(`${MAIN}.dataset.state === "${state}"`);
  await using show = station.evening();
  await until("the show is on air", async () => {
    const response = await fetch(`${url}status.json`);
    return (await response.json()).state === "on-air";
  });
  await engine.open(url);
  await state("on-air");
  await look.take("page-idle");
  await engine.click("#play");
  await phase("playing");
  await look.take("page-playing");
  await engine.click("#share");
  await look.take("page-share");
  await look.evaluate("(document.querySelector('#share-dialog').close(), true)");
  // Its button is only for who has a pointer.
  await look.evaluate("(document.querySelector('#help').showModal(), true)");
  await look.take("page-help");
  await look.evaluate("(document.querySelector('#help').close(), true)");
  await look.evaluate("(document.querySelector('audio').pause(), true)");
  await phase("paused");
  await look.take("page-paused");
  await engine.click("#play");
  await phase("playing");
  await show.stop("SIGTERM");
  await state("off-air");
  await phase("waiting");
  await look.until("!document.querySelector('#others').hidden");
  await look.take("page-ended");
  await engine.open(url);
  await look.until("!document.querySelector('#others').hidden");
  await look.take("page-off-air");
  await engine.open(`${station.pages}/cast/nobody/`);
  await look.take("page-never-on-air");
  await engine.open(`${station.pages}/nothing/here`);
  await look.take("page-not-found");
}

const MAIN = "document.querySelector('main')";

Deno.exit(await main(Deno.args));
