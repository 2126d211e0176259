/**
 * Prometheus' own tool, which judges metrics, rules and queries.
 *
 * @module
 */

/** What Prometheus' own tool printed, and whether it was content. */
export interface Verdict {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs promtool, for which `input` is on stdin. */
export async function promtool(args: readonly string[], input = ""): Promise<Verdict> {
  await using process = new Deno.Command("promtool", {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { ok: success, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
