import { answerOf, type Client, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApi } from './access.ts';
import { oneMirror } from './choose.ts';
import { PAGE } from './pages.ts';
import { paint, toneOf } from './paint.ts';
import { momentOf } from './since.ts';
import { changesOf, counted, printJson, typed, type Output } from './wording.ts';

/** `starkeep show NAME --since … --until …`: what happened to one mirror in that time, whoever did it, in one list. */

export interface HappenedOptions {
  /** A duration or a time. */
  since: string;
  until?: string;
  json?: boolean;
}

type Entry =
  | Schemas['TimelineEntry']
  /** A webhook that named the repository, as it was called then. */
  | { kind: 'delivery'; at: string; delivery: Schemas['Delivery'] };

/** Oldest first, as one reads a story. @throws UsageError for what is no time @throws Refusal when there is no such mirror, or several */
export async function showHappened(config: Config, name: string, options: HappenedOptions, out: Output): Promise<void> {
  const from = momentOf('--since', options.since);
  const until = options.until === undefined ? null : momentOf('--until', options.until);
  const isMeant = ({ at }: { at: string }) => until === null || Date.parse(at) < until.getTime();
  const { mirror, entries } = await withApi(config, async (api) => {
    const mirror = await oneMirror(api, name);
    const [timeline, deliveries] = await Promise.all([
      timelineSince(api, mirror, from),
      deliveriesSince(api, mirror, from),
    ]);
    const all = withoutTwice([...timeline, ...deliveries]).filter(isMeant);
    // Of one moment, what set something off comes before what followed: a webhook, then what was decided, then the sync.
    return { mirror, entries: all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || rank(a) - rank(b)) };
  });
  if (options.json) return printJson(out, { mirror, entries });
  const { fullName, mirrorId, status } = mirror;
  out.print(`${fullName}   ${paint(out, toneOf(status), status)} now   (${mirrorId})`);
  if (entries.length === 0)
    return out.print('Nothing is on record for that time: nothing arrived for it, and no look found a difference.');
  for (const entry of entries) out.print(`  ${second(entry.at)}  ${lineOf(entry, out)}`);
  out.print(`${counted(entries.length, 'entry', 'entries')}. Looks that found both sides equal leave none.`);
  const lastSync = entries.findLast((entry) => entry.kind === 'sync');
  if (lastSync) out.print(`Each step of a run: ${typed(`audit history ${fullName} --run ${lastSync.sync.runId}`)}`);
}

/** The audit log has syncs and webhooks too; told once, by the row that says more. */
function withoutTwice(entries: Entry[]): Entry[] {
  const told = new Set(entries.map(nameOf).filter((name) => name !== null));
  return entries.filter((entry) => entry.kind !== 'event' || !told.has(sameAs(entry)));
}

function nameOf(entry: Entry): string | null {
  if (entry.kind === 'delivery') return `webhook ${entry.delivery.guid}`;
  return entry.kind === 'sync' ? `sync ${entry.sync.runId} ${entry.sync.attempt}` : null;
}

function sameAs({ action, details }: Extract<Entry, { kind: 'event' }>): string {
  if (action.startsWith('webhook.')) return `webhook ${String(details['guid'])}`;
  return /^sync\.(?:completed|failed)$/.test(action)
    ? `sync ${String(details['runId'])} ${String(details['attempt'])}`
    : '';
}

function rank({ kind }: Entry): number {
  return ['delivery', 'event', 'sync'].indexOf(kind);
}

/** Newest first, down to `from`. */
async function timelineSince(api: Client, { mirrorId }: Schemas['Mirror'], from: Date): Promise<Entry[]> {
  return pagesSince(from, async (cursor) => {
    const params = { path: { id: mirrorId }, query: { limit: PAGE, ...cursor } };
    return answerOf(api.GET('/mirrors/{id}/timeline', { params }));
  });
}

async function deliveriesSince(api: Client, { fullName }: Schemas['Mirror'], from: Date): Promise<Entry[]> {
  return pagesSince(from, async (cursor) => {
    const params = { query: { limit: PAGE, fullName, ...cursor } };
    const { deliveries, next } = await answerOf(api.GET('/deliveries', { params }));
    return { next, entries: deliveries.map((delivery) => ({ kind: 'delivery', at: delivery.receivedAt, delivery })) };
  });
}

async function pagesSince(
  from: Date,
  read: (cursor: { cursor?: string }) => Promise<{ entries: Entry[]; next: string | null }>,
): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let cursor: { cursor?: string } = {}; ;) {
    const { entries, next } = await read(cursor);
    const wanted = entries.filter(({ at }) => Date.parse(at) >= from.getTime());
    found.push(...wanted);
    if (next === null || wanted.length < entries.length) return found;
    cursor = { cursor: next };
  }
}

function lineOf(entry: Entry, out: Output): string {
  switch (entry.kind) {
    case 'delivery':
      return deliveryLine(entry.delivery);
    case 'sync':
      return syncLine(entry.sync, out);
    case 'event': {
      const { action, actor, details } = entry;
      const more = Object.keys(details).length === 0 ? '' : `  ${JSON.stringify(details)}`;
      return `${action}  by ${actor}${more}`;
    }
  }
}

function deliveryLine({ guid, event, action, outcome, ignoredReason, dispatchedAt }: Schemas['Delivery']): string {
  const what = action === null ? event : `${event} ${action}`;
  const then =
    outcome === 'ignored'
      ? `ignored: ${ignoredReason ?? 'no reason is on record'}`
      : dispatchedAt === null
        ? 'taken, and waits to be dispatched'
        : `dispatched at ${second(dispatchedAt)}`;
  return `webhook ${what}, ${then}  (correlationId ${guid})`;
}

function syncLine(sync: Schemas['Sync'], out: Output): string {
  const { trigger, outcome, attempt, startedAt, finishedAt, correlationId } = sync;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
  const ended = `${paint(out, toneOf(outcome), outcome)} after ${seconds.toFixed(1)} s`;
  return `sync (${trigger}, attempt ${attempt}) ${ended}: ${changesOf(sync)}  (correlationId ${correlationId})`;
}

/** `2026-11-24 14:02:11 UTC` */
function second(iso: string): string {
  return `${new Date(iso).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}
