/** Icecast itself, beside which the server is measured. */
import { freePorts } from "../testing/free_ports.ts";
import { until } from "../testing/until.ts";

/** icecast2 as a process of its own, which takes sources with the password `bench`. */
export class Icecast2 implements AsyncDisposable {
  readonly port: number;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** @returns `undefined` where it is not installed */
  static async start(folder: string): Promise<Icecast2 | undefined> {
    const [port = 0] = freePorts(1);
    const config = `${folder}/icecast.xml`;
    await Deno.writeTextFile(config, configuration(folder, port));
    await Deno.chmod(folder, 0o777);
    const command = new Deno.Command("icecast2", {
      ...{ args: ["-c", config], stdin: "null", stdout: "null", stderr: "null" },
    });
    const child = spawn(command);
    if (child === undefined) return undefined;
    const icecast = new Icecast2(child, port);
    await until("icecast2 answers", async () => {
      const response = await fetch(`http://127.0.0.1:${port}/status-json.xsl`).catch(() => null);
      await response?.body?.cancel();
      return response !== null;
    });
    return icecast;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}

function spawn(command: Deno.Command): Deno.ChildProcess | undefined {
  try {
    return command.spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** It does not run as root: then it is another user's. */
function configuration(folder: string, port: number): string {
  const owner = Deno.uid() === 0
    ? "<changeowner><user>nobody</user><group>nogroup</group></changeowner>"
    : "";
  return `<icecast>
<limits><clients>5000</clients><sources>500</sources><queue-size>524288</queue-size>
<client-timeout>30</client-timeout><header-timeout>15</header-timeout>
<source-timeout>30</source-timeout><burst-on-connect>1</burst-on-connect>
<burst-size>65535</burst-size></limits>
<authentication><source-password>bench</source-password><admin-user>admin</admin-user>
<admin-password>bench</admin-password></authentication>
<hostname>localhost</hostname>
<listen-socket><port>${port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
<paths><basedir>${folder}</basedir><logdir>${folder}</logdir><webroot>${folder}</webroot>
<adminroot>${folder}</adminroot></paths>
<logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>2</loglevel></logging>
<security><chroot>0</chroot>${owner}</security></icecast>
`;
}
