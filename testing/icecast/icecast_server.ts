/** Icecast itself, to compare with. */
import { Child } from "../child.ts";
import { freePorts } from "../free_ports.ts";
import { until } from "../until.ts";

/** The password of all of its sources. */
export const ICECAST_PASSWORD = "sesame";

/** Icecast as a process of its own, on a free port of 127.0.0.1. */
export class IcecastReference implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #run: Child;

  private constructor(run: Child, folder: string, port: number) {
    this.#run = run;
    this.#folder = folder;
    this.port = port;
  }

  static async start(): Promise<IcecastReference> {
    const [port = 0] = freePorts(1);
    const folder = await Deno.makeTempDir({ prefix: "icecast-" });
    // It does not run as root.
    await Deno.chmod(folder, 0o777);
    await Deno.writeTextFile(`${folder}/icecast.xml`, configuration(port, folder));
    const isRoot = Deno.uid() === 0;
    const [command = "", ...args] = [
      ...(isRoot ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []),
      ...["icecast2", "-c", `${folder}/icecast.xml`],
    ];
    const run = new Child(command, args);
    await until("Icecast listens", async () => {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/status-json.xsl`);
        await response.body?.cancel();
        return true;
      } catch (error) {
        if (!run.running) throw new Error(`Icecast does not run:\n${run.output}`, { cause: error });
        return false;
      }
    });
    return new IcecastReference(run, folder, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run.stop("SIGTERM");
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function configuration(port: number, folder: string): string {
  return `<icecast>
  <hostname>127.0.0.1</hostname>
  <limits><source-timeout>10</source-timeout></limits>
  <authentication>
    <source-password>${ICECAST_PASSWORD}</source-password>
    <admin-user>admin</admin-user><admin-password>${ICECAST_PASSWORD}</admin-password>
  </authentication>
  <listen-socket><port>${port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <fileserve>1</fileserve>
  <paths>
    <logdir>${folder}</logdir><webroot>/usr/share/icecast2/web</webroot>
    <adminroot>/usr/share/icecast2/admin</adminroot>
  </paths>
  <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog></logging>
</icecast>
`;
}
