import Table from 'cli-table3';
import { lastReadings, listMirrors, syncsOf, type MirrorLine, type SyncLine } from '../adapters/postgres/overview.ts';
import type { Config } from '../config.ts';
import { FAILURES, isFailureKind } from '../domain/failures.ts';
import { MIRROR_STATUSES } from '../domain/model.ts';
import { someMirrors } from './choose.ts';
import { withDatabase } from './installation.ts';
import { readingTrouble, starListSentences } from './star-list.ts';
import { counted, shortened, tally, time, typed, wrapped, type Output } from './wording.ts';
import { UsageError } from './refusal.ts';

/** `starkeep list` and `starkeep show`: what is kept, and how it is. */

const SYNCS_SHOWN = 10;

/** A date and the words around it: what the one line of remarks must have room for. Where it has not, there are more lines. */
const NARROWEST_REMARKS = 36;
const LINES_WHERE_NARROW = 3;
const SHORTEST_LINE = 20;

export async function list(config: Config, options: { status?: string; json?: boolean }, out: Output): Promise<void> {
  const { status } = options;
  if (status !== undefined && !(MIRROR_STATUSES as readonly string[]).includes(status)) {
    throw new UsageError(`--status must be one of ${MIRROR_STATUSES.join(', ')}, but is "${status}".`);
  }
  const { mirrors, readings } = await withDatabase(config, async (db) => ({
    mirrors: await listMirrors(db, status ?? null),
    readings: await lastReadings(db),
  }));
  if (options.json) return out.print(JSON.stringify(mirrors, null, 2));
  if (mirrors.length === 0) out.print(status ? `No mirror is ${status}.` : 'Nothing is mirrored yet.');
  else {
    out.print(tableOf(mirrors, out.width));
    out.print(`${counted(mirrors.length, 'mirror')}: ${tally(mirrors)}`);
  }
  const trouble = await readingTrouble(config);
  const starList = [starListSentences(readings), ...(trouble === null ? [] : [trouble])].join(' ');
  out.print(out.width === null ? starList : wrapped(starList, out.width).join('\n'));
}

/** Remarks get what the other columns leave of the terminal; where that is too little, the last check is left out (`show` has it). */
function tableOf(mirrors: MirrorLine[], width: number | null): string {
  const columns = [
    { head: 'repository', cell: (mirror: MirrorLine) => mirror.fullName },
    { head: 'status', cell: (mirror: MirrorLine) => mirror.status },
    { head: 'refs', cell: (mirror: MirrorLine) => String(mirror.refs ?? '–') },
    { head: 'last checked', cell: (mirror: MirrorLine) => time(mirror.lastCheckedAt) },
  ];
  const remaining = () => {
    const widths = columns.map(({ head, cell }) => Math.max(head.length, ...mirrors.map((one) => cell(one).length)));
    // A line between any two columns, one at either end, and a space on both sides of each cell.
    const frame = 3 * (columns.length + 1) + 1;
    return (width ?? Infinity) - frame - widths.reduce((sum, one) => sum + one, 0);
  };
  if (remaining() < NARROWEST_REMARKS) columns.pop();
  const left = remaining();
  const lines = left < NARROWEST_REMARKS ? LINES_WHERE_NARROW : 1;

  const head = [...columns.map((column) => column.head), 'remarks'];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const mirror of mirrors) {
    const text = remarks(mirror).join(' ').replace(/\s+/g, ' ');
    const shown = width === null ? text : shortened(text, Math.max(SHORTEST_LINE, left), lines);
    table.push([...columns.map(({ cell }) => cell(mirror)), shown]);
  }
  return table.toString();
}

/** Of several mirrors of one name it shows each. @throws Refusal when there is none */
export async function show(config: Config, text: string, options: { json?: boolean }, out: Output): Promise<void> {
  const found = await withDatabase(config, async (db) => {
    const mirrors = await someMirrors(db, text);
    return Promise.all(
      mirrors.map(async (mirror) => ({ ...mirror, syncs: await syncsOf(db, mirror.mirrorId, SYNCS_SHOWN) })),
    );
  });
  if (options.json) out.print(JSON.stringify(found, null, 2));
  else for (const mirror of found) out.print(described(mirror));
}

function described(mirror: MirrorLine & { syncs: SyncLine[] }): string {
  const { errorKind } = mirror;
  const lines = [
    `${mirror.fullName}   ${mirror.status}   (${mirror.mirrorId})`,
    `  on OneDev      ${mirror.projectPath ?? 'nowhere'}`,
    `  last synced    ${time(mirror.lastSyncedAt)}, last checked ${time(mirror.lastCheckedAt)}, ${counted(mirror.refs ?? 0, 'ref')}`,
    ...(mirror.note ? [`  why            ${mirror.note}`] : []),
    ...(errorKind !== null && isFailureKind(errorKind) ? [`  what to do     ${FAILURES[errorKind].hint}`] : []),
    ...(mirror.nextAttemptAt
      ? [`  next attempt   ${time(mirror.nextAttemptAt)}, after ${counted(mirror.retryCount, 'failure')}`]
      : []),
    ...(mirror.deleteAt ? [`  deleted on     ${time(mirror.deleteAt)}, unless somebody calls it off`] : []),
    ...(mirror.keptBy !== null
      ? [`  kept           although it is not starred: ${mirror.keptBy} called its deletion off`]
      : []),
    ...commands(mirror).map(({ label, command }) => `  ${label.padEnd(14)} ${typed(`${command} ${mirror.fullName}`)}`),
    ...mirror.declined.map(({ name, reason }) => `  not taken      ${name}: ${reason}`),
    ...lfsLines(mirror),
    ...(mirror.declinedCount > mirror.declined.length ? [`  not taken      … ${mirror.declinedCount} in all`] : []),
    ...(mirror.syncs.length > 0 ? ['  syncs, newest first:'] : []),
    ...mirror.syncs.map(
      (sync) =>
        `    ${time(sync.finishedAt)}  ${sync.trigger.padEnd(9)} ${sync.outcome.padEnd(9)} ${sync.seconds.toFixed(1)} s  ${changes(sync)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function lfsLines({ lfs }: MirrorLine): string[] {
  if (lfs === null) return [];
  if (lfs.unreadable) return [`  Git LFS        ${lfs.unreadable}`];
  const there = lfs.objects - lfs.failed;
  return [
    `  Git LFS        ${there} of ${counted(lfs.objects, 'object')} on OneDev`,
    ...lfs.failures.map(({ oid, reason }) => `  not copied     LFS object ${oid.slice(0, 12)}: ${reason}`),
    ...(lfs.failed > lfs.failures.length ? [`  not copied     … ${lfs.failed} in all`] : []),
  ];
}

/** What a person can do about it now. */
function commands({ status, paused }: MirrorLine): { label: string; command: string }[] {
  if (paused) return [{ label: 'go on', command: 'resume' }];
  switch (status) {
    case 'pending_deletion':
      return [
        { label: 'delete now', command: 'deletions approve' },
        { label: 'keep it', command: 'deletions cancel' },
      ];
    case 'held':
      return [{ label: 'follow it', command: 'sync --accept-rewrites' }];
    case 'failed':
    case 'permanent_failure':
      return [{ label: 'try now', command: 'sync' }];
    default:
      return [];
  }
}

function changes({ refs, errorKind, errorMessage }: SyncLine): string {
  if (errorKind) return `${errorKind}: ${errorMessage ?? ''}`;
  const counts = Object.entries(refs ?? {}).filter(
    ([name, count]) => !['source', 'forced'].includes(name) && count > 0,
  );
  const forced = (name: string) => (name === 'updated' && refs?.['forced'] ? ` (${refs['forced']} rewritten)` : '');
  return counts.map(([name, count]) => `${count} ${name}${forced(name)}`).join(', ') || 'no ref changed';
}

/** Dates first: what is too long is cut off at the end. */
function remarks(mirror: MirrorLine): string[] {
  return [
    ...(mirror.deleteAt ? [`Deleted on ${time(mirror.deleteAt)}.`] : []),
    ...(mirror.nextAttemptAt ? [`Next attempt ${time(mirror.nextAttemptAt)}.`] : []),
    ...(mirror.declinedCount > 0 ? [`${counted(mirror.declinedCount, 'ref')} not taken.`] : []),
    ...((mirror.lfs?.failed ?? 0) > 0 ? [`${counted(mirror.lfs?.failed ?? 0, 'LFS object')} not copied.`] : []),
    ...(mirror.keptBy !== null ? [`Kept by ${mirror.keptBy}.`] : []),
    ...(mirror.note ? [mirror.note] : []),
  ];
}
