import Table from 'cli-table3';
import type { Outcome } from './campaign.ts';
import { KILLED, type FaultKind, TROUBLES } from './plan.ts';

/** What a campaign came to, as a table and as sentences. */
export function report({ deliveries, faults, syncs, deletions, settledMs, losses }: Outcome): string {
  const table = new Table({
    head: ['fault', 'injected', 'recovered after (median)', '(worst)'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right'],
  });
  const kinds: FaultKind[] = [...KILLED.map((name) => `kill ${name}` as const), ...TROUBLES];
  for (const kind of kinds) {
    const { count, recoveredMs } = faults.get(kind) ?? { count: 0, recoveredMs: [] };
    table.push([kind, count, seconds(median(recoveredMs)), seconds(worst(recoveredMs))]);
  }
  const all = [...faults.values()];
  const every = all.flatMap(({ recoveredMs }) => recoveredMs);
  const injected = all.reduce((sum, { count }) => sum + count, 0);
  table.push(['all of them', injected, seconds(median(every)), seconds(worst(every))]);

  const acknowledged = deliveries.filter(({ acknowledgedAt }) => acknowledgedAt !== null).length;
  const redelivered = deliveries.filter(({ attempts, duplicates }) => attempts - duplicates > 1).length;
  const duplicates = deliveries.filter((delivery) => delivery.duplicates > 0).length;
  return [
    table.toString(),
    'Recovered: the time until a push made after the fault began is on OneDev.',
    `Deliveries: ${deliveries.length}, acknowledged ${acknowledged}, of which redelivered until then ${redelivered}, sent twice ${duplicates}`,
    `Syncs: ${syncs.completed} completed, ${syncs.failed} failed and tried again. Deletions: ${deletions}, each judged`,
    `At rest ${settledMs === null ? 'never' : `${seconds(settledMs)} after the last fault`}`,
    `Losses: ${losses.length}`,
    ...losses.slice(0, SHOWN).map((loss) => `  ${loss}`),
    ...(losses.length > SHOWN ? [`  … and ${losses.length - SHOWN} more`] : []),
  ].join('\n');
}

const SHOWN = 40;

function median(times: number[]): number | null {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

function worst(times: number[]): number | null {
  return times.length === 0 ? null : Math.max(...times);
}

function seconds(ms: number | null): string {
  return ms === null ? '–' : `${(ms / 1000).toFixed(1)} s`;
}
