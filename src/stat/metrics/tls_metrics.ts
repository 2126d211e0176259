/** Metrics of the certificate that TLS has. */
import { Gauge, type Registry } from "prom-client";

/** @param leftMs how long it is valid yet; gives `undefined` where there is no TLS */
export function registerTlsMetrics(registry: Registry, leftMs: () => number | undefined): void {
  new Gauge({
    name: "echo_tls_certificate_expiry_seconds",
    help: "Seconds until the TLS certificate expires; negative once it has",
    registers: [registry],
    collect() {
      const left = leftMs();
      if (left === undefined) this.remove();
      else this.set(left / 1000);
    },
  });
}
