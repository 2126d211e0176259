/**
 * What the kernel tells of a process, and where it may run: proc(5), taskset(1).
 *
 * @module
 */

/** USER_HZ, the same on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds that a process has used, all its threads together. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

/** @throws {Deno.errors.NotFound} the process is gone */
export function cpuTime(pid: number): CpuTime {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The command's name may hold blanks and parentheses; the fields behind it count from 3.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const seconds = (field: number) => Number(fields[field - 3]) / TICKS_PER_SECOND;
  return { user: seconds(14), system: seconds(15) };
}

/** CPU seconds that all processes together have used since the machine was started. */
export function machineCpuTime(): number {
  const line = Deno.readTextFileSync("/proc/stat").split("\n")[0] ?? "";
  // user, nice, system, idle, iowait, irq, softirq, steal
  const [user, nice, system, , , irq, softirq] = line.trim().split(/\s+/).slice(1).map(Number);
  const ticks = [user, nice, system, irq, softirq].reduce<number>((sum, t) => sum + (t ?? NaN), 0);
  return ticks / TICKS_PER_SECOND;
}

/** Resident memory in MiB: now, and the most there ever was. */
export function residentMemory(pid: number): { readonly now: number; readonly peak: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const mebibytes = (name: string) =>
    Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))?.[1]) / 1024;
  return { now: mebibytes("VmRSS"), peak: mebibytes("VmHWM") };
}

/** A process and those that it has started. */
export function withChildren(pid: number): number[] {
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return [pid, ...children.split(" ").filter((child) => child !== "").map(Number)];
}

/** Lets all threads of a process, and those that they start, run on one core only. */
export async function pinToCore(pid: number, core: number): Promise<void> {
  const args = ["--all-tasks", "--pid", "--cpu-list", `${core}`, `${pid}`];
  const { success, stderr } = await new Deno.Command("taskset", { args }).output();
  if (!success) throw new Error(`Cannot pin ${pid}: ${new TextDecoder().decode(stderr)}`);
}

/**
 * Makes sure that a process may open `needed` files.
 * @throws where its limit is lower
 */
export function checkOpenFileLimit(pid: number, what: string, needed: number): void {
  const limits = Deno.readTextFileSync(`/proc/${pid}/limits`);
  const limit = limits.match(/^Max open files\s+(\d+)/m)?.[1];
  if (limit === undefined || Number(limit) >= needed) return; // "unlimited" is no number
  throw new Error(`Cannot start ${what}: expected ${needed} open files, got ${limit} (ulimit -n)`);
}
