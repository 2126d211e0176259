/** Checks files that the configuration names: passwords, DJs, logging, the preroll, the env file. */
import { dirname } from "node:path";
import type { Config } from "../../config.ts";
import { loadCredentials } from "../../control/authorization.ts";
import { readFallbacks } from "../../fallback/fallback_files.ts";
import { loadPreroll } from "../../hls/preroll.ts";
import { parseLoggingFile } from "../../logging/logging_file.ts";
import { isOpenToOthers, readDjs } from "../../dj/dj_file.ts";
import { checkFolder } from "./folders.ts";
import { attempted, error, type Finding, reason, warning } from "./finding.ts";

/** Reads all files that the server would read at its start. */
export async function checkNamedFiles({ auth, fallback, hls, log }: Config): Promise<Finding[]> {
  const { prerollDir } = hls;
  return [
    ...log.file === undefined ? [] : await checkLogging(log.file),
    ...await attempted(() => loadCredentials(auth)),
    ...auth.mode === "dj" && auth.djFile !== undefined ? await checkDjs(auth.djFile) : [],
    ...hls.enabled && prerollDir !== undefined
      ? await attempted(() => loadPreroll(prerollDir))
      : [],
    ...(await readFallbacks(fallback)).problems.map(error),
  ];
}

/** Warns of a file that everybody on the box can read, and that holds secrets. */
export async function checkSecretFile(path: string | undefined): Promise<Finding[]> {
  if (path === undefined) return [];
  const { mode, isFile } = await Deno.stat(path);
  if (!isFile || mode === null || (mode & FOR_EVERYBODY) === 0) return [];
  return [warning(`${path} can be read by everybody on this machine: chmod 640 ${path}`)];
}

async function checkDjs(path: string): Promise<Finding[]> {
  const findings = await attempted(() => readDjs(path));
  if (findings.length > 0 || !await isOpenToOthers(path)) return findings;
  return [warning(`Others than its owner may read ${path}: chmod 600 ${path}`)];
}

async function checkLogging(path: string): Promise<Finding[]> {
  try {
    const { appenders } = parseLoggingFile(await Deno.readTextFile(path), path);
    const findings: Finding[] = [];
    for (const appender of Object.values(appenders)) {
      if (appender.kind === "console") continue;
      findings.push(...await checkFolder("LOG4RS_FILE", dirname(appender.path)));
    }
    return findings;
  } catch (thrown) {
    return [error(`LOG4RS_FILE: ${reason(thrown)}`)];
  }
}

/** The mode's bit that lets everybody read. */
const FOR_EVERYBODY = 0o004;
