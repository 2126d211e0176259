/**
 * What a reader has to know of the machine to judge a figure.
 *
 * @module
 */

/** Processor, memory, system and runtime in a line, and how busy the machine was. */
export function describeMachine(): string {
  const cpus = Deno.readTextFileSync("/proc/cpuinfo");
  const model = cpus.match(/^model name\s*:\s*(.*)$/m)?.[1] ?? Deno.build.arch;
  const gigabytes = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const [lastMinute = NaN] = Deno.loadavg();
  return `machine: ${navigator.hardwareConcurrency} × ${model}, ${gigabytes} GiB, ` +
    `Linux ${Deno.osRelease()}, Deno ${Deno.version.deno}; ` +
    `load average before: ${lastMinute.toFixed(2)}`;
}
