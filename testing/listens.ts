/**
 * Whether somebody listens on a port.
 *
 * @module
 */

/** Whether connections to a TCP port of 127.0.0.1 are taken. */
export async function listens(port: number): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
