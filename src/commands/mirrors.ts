import { answerOf, type Client, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { MIRROR_STATUSES, type MirrorStatus } from '../domain/model.ts';
import { withApi } from './access.ts';
import { someMirrors } from './choose.ts';
import { everyEntry, PAGE } from './pages.ts';
import { paint, toneOf } from './paint.ts';
import { UsageError } from './refusal.ts';
import { starListSentences } from './star-list.ts';
import { tableOf } from './table.ts';
import { changesOf, counted, printJson, tally, time, typed, wrapped, type Output } from './wording.ts';

/** `starkeep list` and `starkeep show`: what is kept, and how it is. */

const SYNCS_SHOWN = 10;

export async function list(config: Config, options: { status?: string; json?: boolean }, out: Output): Promise<void> {
  const status = statusOf(options.status);
  await withApi(config, async (api) => {
    const mirrors = await everyMirror(api, status);
    if (options.json) return printJson(out, mirrors);
    if (mirrors.length === 0) out.print(status ? `No mirror is ${status}.` : 'Nothing is mirrored yet.');
    else {
      out.print(shownAsTable(mirrors, out));
      out.print(`${counted(mirrors.length, 'mirror')}: ${tally(mirrors)}`);
    }
    const starList = starListSentences(await answerOf(api.GET('/readings/latest')));
    out.print(out.width === null ? starList : wrapped(starList, out.width).join('\n'));
  });
}

/** @throws UsageError */
function statusOf(text: string | undefined): MirrorStatus | undefined {
  const found = MIRROR_STATUSES.find((status) => status === text);
  if (text !== undefined && found === undefined) {
    throw new UsageError(`--status must be one of ${MIRROR_STATUSES.join(', ')}, but is "${text}".`);
  }
  return found;
}

function everyMirror(api: Client, status: MirrorStatus | undefined): Promise<Schemas['Mirror'][]> {
  return everyEntry(async (cursor) => {
    const query = { limit: PAGE, ...(status === undefined ? {} : { status: [status] }), ...cursor };
    const { mirrors, next } = await answerOf(api.GET('/mirrors', { params: { query } }));
    return { entries: mirrors, next };
  });
}

/** Remarks get what the other columns leave of the terminal; where that is too little, the last check is left out (`show` has it). */
function shownAsTable(mirrors: Schemas['Mirror'][], out: Output): string {
  return tableOf(
    [
      { head: 'repository', cell: ({ fullName }) => fullName },
      { head: 'status', cell: ({ status }) => status, tone: ({ status }) => toneOf(status) },
      { head: 'refs', cell: ({ refs }) => String(refs ?? '–') },
      { head: 'last checked', cell: ({ lastCheckedAt }) => time(lastCheckedAt), spare: true },
      { head: 'remarks', cell: (mirror) => remarks(mirror).join(' ').replace(/\s+/g, ' '), grows: true },
    ],
    mirrors,
    out,
  );
}

type MirrorWithSyncs = Schemas['Mirror'] & { syncs: Schemas['Sync'][] };

/** Of several mirrors of one name it shows each. @throws Refusal when there is none */
export async function show(config: Config, text: string, options: { json?: boolean }, out: Output): Promise<void> {
  const found = await withApi(config, async (api): Promise<MirrorWithSyncs[]> => {
    const mirrors = await someMirrors(api, text);
    return Promise.all(
      mirrors.map(async (mirror) => {
        const params = { path: { id: mirror.mirrorId }, query: { limit: SYNCS_SHOWN } };
        const { syncs } = await answerOf(api.GET('/mirrors/{id}/syncs', { params }));
        return { ...mirror, syncs };
      }),
    );
  });
  if (options.json) printJson(out, found);
  else for (const mirror of found) out.print(described(mirror, out));
}

function described(mirror: MirrorWithSyncs, out: Output): string {
  const status = paint(out, toneOf(mirror.status), mirror.status);
  const lines = [
    `${mirror.fullName}   ${status}   (${mirror.mirrorId})`,
    `  on OneDev      ${mirror.projectPath ?? 'nowhere'}`,
    `  last synced    ${time(mirror.lastSyncedAt)}, last checked ${time(mirror.lastCheckedAt)}, ${counted(mirror.refs ?? 0, 'ref')}`,
    ...(mirror.note ? [`  why            ${mirror.note}`] : []),
    ...(mirror.whatToDo === null ? [] : [`  what to do     ${mirror.whatToDo}`]),
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
        `    ${time(sync.finishedAt)}  ${sync.trigger.padEnd(9)} ${paint(out, toneOf(sync.outcome), sync.outcome.padEnd(9))} ${secondsOf(sync).toFixed(1)} s  ${changesOf(sync)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function secondsOf({ startedAt, finishedAt }: Schemas['Sync']): number {
  return (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
}

function lfsLines({ lfs }: Schemas['Mirror']): string[] {
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
function commands({ status, paused }: Schemas['Mirror']): { label: string; command: string }[] {
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

/** Dates first: what is too long is cut off at the end. */
function remarks(mirror: Schemas['Mirror']): string[] {
  return [
    ...(mirror.deleteAt ? [`Deleted on ${time(mirror.deleteAt)}.`] : []),
    ...(mirror.nextAttemptAt ? [`Next attempt ${time(mirror.nextAttemptAt)}.`] : []),
    ...(mirror.declinedCount > 0 ? [`${counted(mirror.declinedCount, 'ref')} not taken.`] : []),
    ...((mirror.lfs?.failed ?? 0) > 0 ? [`${counted(mirror.lfs?.failed ?? 0, 'LFS object')} not copied.`] : []),
    ...(mirror.keptBy !== null ? [`Kept by ${mirror.keptBy}.`] : []),
    ...(mirror.note ? [mirror.note] : []),
  ];
}
