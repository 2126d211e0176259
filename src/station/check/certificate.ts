/** Checks whether clients would take the certificate, now and for some time. */
import type { Config } from "../../config.ts";
import { systemClock } from "../../session/clock.ts";
import { openCertificate } from "../tls.ts";
import { error, type Finding, reason, warning } from "./finding.ts";

/** Reads certificate and key as the start does. */
export async function checkCertificate(config: Config): Promise<Finding[]> {
  try {
    const files = await openCertificate(config, systemClock);
    files?.close();
    return (files?.problems ?? []).map(warning);
  } catch (thrown) {
    return [error(reason(thrown))];
  }
}
