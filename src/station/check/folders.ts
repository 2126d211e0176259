/** Checks whether the server could write where it is told to, and writes nothing. */
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import type { Config } from "../../config.ts";
import { spaceAt } from "../../stat/disk_space.ts";
import { error, type Finding, reason, warning } from "./finding.ts";

/** Checks the folders of broadcasts, recordings and reports. */
export async function checkFolders({ hls, record, stat }: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (hls.enabled) findings.push(...await checkFolder("HLS_ROOT_DIR", hls.rootDir));
  if (record.enabled) findings.push(...await checkFolder("RECORD_ROOT_DIR", record.rootDir));
  if (stat.webEnabled) findings.push(...await checkFolder("STAT_REPORT_DIR", stat.reportDir));
  return findings;
}

/** Whether files can be written into a folder, which need not be there yet, and have room. */
export async function checkFolder(variable: string, path: string): Promise<Finding[]> {
  try {
    await access(await existing(path), constants.W_OK | constants.X_OK);
  } catch (thrown) {
    return [error(`${variable}: Cannot write to ${path}: ${reason(thrown)}`)];
  }
  const space = await spaceAt(path);
  if (space === undefined || space.free >= NEARLY_FULL * space.size) return [];
  const megabytes = Math.floor(space.free / 1e6);
  return [warning(`${variable}: the disk of ${path} is nearly full, ${megabytes} MB are free`)];
}

/** The folder, or where it is missing, that in which it would be made. */
async function existing(path: string): Promise<string> {
  try {
    const { isDirectory } = await Deno.stat(path);
    if (!isDirectory) throw new Error(`${path} is no folder`);
    return path;
  } catch (thrown) {
    const parent = dirname(path);
    if (!(thrown instanceof Deno.errors.NotFound) || parent === path) throw thrown;
    return await existing(parent);
  }
}

/** As the alert on the disk has it. */
const NEARLY_FULL = 0.1;
