import type { Meter, OnExchange } from './domain/meter.ts';
import {
  activityFailuresTotal,
  lfsBytesTotal,
  phaseSeconds,
  receivedBytesTotal,
  REF_CHANGES,
  refsTotal,
  requestSeconds,
  syncFailuresTotal,
  syncSeconds,
  syncsTotal,
} from './metrics.ts';

/** Where what happened becomes numbers: what the adapters and the activities of a process are handed. */

/** Counts a request to a host. */
export const onExchange: OnExchange = ({ host, method, route, status, seconds }) => {
  requestSeconds.observe({ host, method, route, status: statusClass(status) }, seconds);
};

/** `2xx` … `5xx`; `none`: no complete answer. */
function statusClass(status: number | null): string {
  return status === null ? 'none' : `${Math.floor(status / 100)}xx`;
}

/** Counts what a worker's activities did. */
export const meter: Meter = {
  synced({ trigger, report, seconds }) {
    const { outcome, refs, bytes, phases, lfs } = report;
    syncsTotal.inc({ trigger, outcome });
    syncSeconds.observe({ outcome }, seconds);
    for (const { name, durationMs } of phases) phaseSeconds.observe({ phase: name }, durationMs / 1000);
    receivedBytesTotal.inc(bytes);
    lfsBytesTotal.inc(lfs?.bytes ?? 0);
    for (const change of REF_CHANGES) refsTotal.inc({ change }, refs[change]);
  },
  syncFailed({ trigger, kind, givenUp, seconds }) {
    syncsTotal.inc({ trigger, outcome: 'failed' });
    syncSeconds.observe({ outcome: 'failed' }, seconds);
    syncFailuresTotal.inc({ kind, next: givenUp ? 'none' : 'retry' });
  },
  activityFailed(activity, kind) {
    activityFailuresTotal.inc({ activity, kind });
  },
};
