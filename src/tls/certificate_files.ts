/** Keeps the certificate that new connections get as the files have it, as long as those are good. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";
import {
  type Certificate,
  CertificateError,
  checkPair,
  dayOf,
  isForHost,
  type PemPair,
} from "./certificate.ts";
import { CurrentCertificate } from "./current_certificate.ts";

const logger = getLogger(["echo", "tls"]);

/** How often it is looked whether the files have changed. */
const LOOK_MS = 10_000;
const DAY_MS = 86_400_000;
/** So long before the end it is said, once a day. */
const WARN_MS = 14 * DAY_MS;

/** Where certificate and private key are. */
export interface CertificatePaths {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Watches the two files. */
export class CertificateFiles {
  /** What new connections get. */
  readonly current: CurrentCertificate<Certificate>;
  readonly #paths: CertificatePaths;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #isLooking = false;
  /** Why what the files have now is not taken, as it was seen last; `undefined` where it is taken. */
  #failure: string | undefined;
  /** The last of these that was told. */
  #toldFailure: string | undefined;
  #warnedAt = -Infinity;

  private constructor(certificate: Certificate, paths: CertificatePaths, clock: Clock) {
    this.current = new CurrentCertificate(certificate);
    this.#paths = paths;
    this.#clock = clock;
    this.#timer = clock.every(LOOK_MS, () => this.#look());
    this.#warnIfShort();
  }

  /**
   * Reads the files for the first time, and watches them from then on.
   * @throws {CertificateError} whose message names them and says what is wrong
   */
  static async open(paths: CertificatePaths, clock: Clock): Promise<CertificateFiles> {
    const certificate = await load(paths, clock.now());
    logger.info("TLS has the certificate of {certificate}", {
      certificate: certificate.description,
    });
    return new CertificateFiles(certificate, paths, clock);
  }

  /** Whether clients that reach the server by `host` take the certificate of the moment. */
  readonly isFor = (host: string): boolean => isForHost(this.current.pair, host);

  /** How long it is until the certificate expires, in milliseconds; negative once it has. */
  get leftMs(): number {
    return this.current.pair.expiresAt - this.#clock.now();
  }

  /** What is wrong with it, as sentences. */
  get problems(): string[] {
    const day = dayOf(this.current.pair.expiresAt);
    const short = this.leftMs < WARN_MS ? [`The TLS certificate expires on ${day}`] : [];
    const refused = this.#toldFailure === undefined ? [] : [`${this.#toldFailure}; the old stays`];
    return [...short, ...refused];
  }

  /**
   * Reads the files anew.
   * @returns what has new connections get what they hold
   * @throws {CertificateError} as {@link open} does; all stays as it is then
   */
  async prepare(): Promise<() => void> {
    const certificate = await load(this.#paths, this.#clock.now());
    return () => this.#take(certificate);
  }

  close(): void {
    this.#timer.cancel();
  }

  /** Takes what has changed. What does not fit is told once it has been seen twice: the two files are
   * hardly ever written at once. */
  async #look(): Promise<void> {
    this.#warnIfShort();
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const pair = await read(this.#paths);
      const { cert, key } = this.current.pair;
      if (pair.cert === cert && pair.key === key) this.#failure = this.#toldFailure = undefined;
      else this.#take(check(this.#paths, pair, this.#clock.now()));
    } catch (error) {
      this.#note(error);
    } finally {
      this.#isLooking = false;
    }
  }

  #take(certificate: Certificate): void {
    this.#failure = this.#toldFailure = undefined;
    const { cert, key } = this.current.pair;
    if (certificate.cert === cert && certificate.key === key) return;
    this.current.replace(certificate);
    this.#warnedAt = -Infinity;
    logger.info("TLS has a new certificate, which new connections get: {certificate}", {
      certificate: certificate.description,
    });
    this.#warnIfShort();
  }

  #note(error: unknown): void {
    const failure = error instanceof Error ? error.message : String(error);
    const isSeenTwice = failure === this.#failure;
    this.#failure = failure;
    if (!isSeenTwice || failure === this.#toldFailure) return;
    this.#toldFailure = failure;
    logger.error("{failure}; the old certificate stays, which expires on {day}", {
      failure,
      day: dayOf(this.current.pair.expiresAt),
    });
  }

  #warnIfShort(): void {
    const now = this.#clock.now();
    if (this.leftMs >= WARN_MS || now - this.#warnedAt < DAY_MS) return;
    this.#warnedAt = now;
    const { expiresAt } = this.current.pair;
    const days = Math.floor(this.leftMs / DAY_MS);
    const message = this.leftMs < 0
      ? "The TLS certificate expired on {day}: clients refuse it"
      : "The TLS certificate expires on {day}, in {days} days, and was not renewed";
    logger.warn(message, { day: dayOf(expiresAt), days });
  }
}

async function load(paths: CertificatePaths, now: number): Promise<Certificate> {
  return check(paths, await read(paths), now);
}

function check(paths: CertificatePaths, pair: PemPair, now: number): Certificate {
  try {
    return checkPair(pair, now);
  } catch (error) {
    throw error instanceof CertificateError ? cannotUse(paths, error.message) : error;
  }
}

async function read({ certFile, keyFile }: CertificatePaths): Promise<PemPair> {
  const paths = { certFile, keyFile };
  const [cert, key] = await Promise.all(
    [certFile, keyFile].map((file) =>
      Deno.readTextFile(file).catch((error: unknown) => {
        throw cannotUse(paths, error instanceof Error ? error.message : String(error));
      })
    ),
  );
  return { cert: cert ?? "", key: key ?? "" };
}

function cannotUse({ certFile, keyFile }: CertificatePaths, why: string): CertificateError {
  return new CertificateError(
    `Cannot use TLS_CERT_FILE ${JSON.stringify(certFile)} with TLS_KEY_FILE ` +
      `${JSON.stringify(keyFile)}: ${why}`,
  );
}
