import type { MetricsExporterConfig } from '@temporalio/worker';
import { request } from 'undici';
import { freePort, LOOPBACK } from '../free-port.ts';

/**
 * The numbers of Temporal's own SDK (slots, pollers, latencies, requests to the server). Its core offers them on a port of its own, in Prometheus' format; we
 * let it have one on the loopback interface only, and pass on what it says, so that a worker has one address to scrape.
 */
export interface SdkMetrics {
  /** For Temporal's Runtime. */
  exporter: MetricsExporterConfig;
  /** @returns what a scrape would get; empty when the core does not answer within a second */
  text(): Promise<string>;
}

const PATIENCE_MS = 1_000;

/** Chooses the port. Another program may take it before the core does: then the Runtime cannot be installed, and the worker has to be started again. */
export async function createSdkMetrics(): Promise<SdkMetrics> {
  const bindAddress = `${LOOPBACK}:${await freePort()}`;
  return {
    exporter: {
      // Names as Prometheus has them: counters end in _total, durations are seconds.
      prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true },
    },
    async text() {
      try {
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const { body } = await request(`http://${bindAddress}/metrics`, { signal });
        return await body.text();
      } catch {
        // Before the runtime is installed and after the last connection is closed there is nobody.
        return '';
      }
    },
  };
}
