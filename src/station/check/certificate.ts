/** Checks whether clients would take the certificate, now and for some time. */
import type { Config } from "../../config.ts";
import { systemClock } from "../../session/clock.ts";
import { openCertificate } from "../tls.ts";
import { error, type Finding, reason, warning } from "./finding.ts";
import { checkSecretFile } from "./named_files.ts";

/** Reads certificate and key as the start does. */
export async function checkCertificate(config: Config): Promise<Finding[]> {
  try {
    const files = await openCertificate(config, systemClock);
    files?.close();
    const problems = (files?.problems ?? []).map(warning);
    return [...problems, ...await checkSecretFile(config.tls.keyFile)];
  } catch (thrown) {
    return [error(reason(thrown))];
  }
}
