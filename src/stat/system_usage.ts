/** How busy the machine is. */
export interface SystemUsage {
  /** Processes that ran or waited to, on average over so many minutes. */
  readonly load: { readonly one: number; readonly five: number; readonly fifteen: number };
  /** Percent of the memory that is in use. */
  readonly memory: number;
}

export function systemUsage(): SystemUsage {
  const [one = 0, five = 0, fifteen = 0] = Deno.loadavg();
  const { total, available } = Deno.systemMemoryInfo();
  const load = { one: hundredths(one), five: hundredths(five), fifteen: hundredths(fifteen) };
  return { load, memory: hundredths(100 * (1 - available / total)) };
}

/** As exact as the system itself tells a load. */
function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
