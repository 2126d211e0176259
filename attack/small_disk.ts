/** A disk of its own, that fills up soon. */
import { Child } from "../testing/child.ts";

/** A file system in memory, mounted for as long as it is not disposed of. */
export class SmallDisk implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @returns `undefined` where this user may not mount one */
  static async mount(megabytes: number): Promise<SmallDisk | undefined> {
    const path = await Deno.makeTempDir({ prefix: "echo-attack-" });
    const options = ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path];
    await using mount = new Child("mount", options);
    if ((await mount.end()).code === 0) return new SmallDisk(path);
    await Deno.remove(path);
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using unmount = new Child("umount", [this.path]);
    await unmount.end();
    await Deno.remove(this.path);
  }
}
