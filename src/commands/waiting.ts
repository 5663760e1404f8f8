import { setTimeout as sleep } from 'node:timers/promises';
import { answerOf, type Client, type Schemas } from '../client/client.ts';
import { createBar } from './bar.ts';
import { Refusal } from './refusal.ts';
import { bytesText, changesOf, printJson, time, typed, type Output } from './wording.ts';

/** Waiting for what a worker does. Whoever stops waiting leaves it running. */

const LOOK_EVERY_MS = 1_000;

/** After so long without anything to see it is said where to look. */
const PATIENCE_MS = 60_000;

/**
 * Looks until it is over.
 * @param look `null`: not yet
 * @returns `null` when the person stopped waiting with Ctrl-C
 */
export async function untilOver<T>(look: () => Promise<T | null>): Promise<T | null> {
  const left = new AbortController();
  const leave = () => left.abort();
  process.once('SIGINT', leave);
  try {
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      await sleep(LOOK_EVERY_MS, undefined, { signal: left.signal });
    }
  } catch (error) {
    if (!left.signal.aborted) throw error;
    return null;
  } finally {
    process.off('SIGINT', leave);
  }
}

/** Of `--json`: the answer alone is printed. */
export const QUIET = { print: () => undefined, width: null };

/** How a mirror was when something was asked of it, so that what comes after can be told. */
export interface Before {
  syncId: string | null;
  lastCheckedAt: string | null;
  status: string;
}

export async function lastSyncOf(api: Client, id: string): Promise<Before> {
  const { mirror, sync } = await lookAt(api, id);
  return { syncId: sync?.syncId ?? null, lastCheckedAt: mirror.lastCheckedAt, status: mirror.status };
}

/** Waits for the next look at a mirror that ends. @throws Refusal when it failed */
export async function syncEnded(
  api: Client,
  { mirrorId, fullName }: Schemas['Mirror'],
  before: Before | null,
  { json }: { json: boolean },
  out: Output,
): Promise<void> {
  if (!json) out.print(`${fullName}: told to sync now. Ctrl-C stops the waiting, not the sync.`);
  const bar = createBar(json ? QUIET : out);
  const patience = setTimeout(() => {
    if (!json) out.print(`Nothing has come of it for a minute. Whether a worker runs says: ${typed('doctor')}`);
  }, PATIENCE_MS);
  const ended = await untilOver(async () => {
    const { mirror, sync } = await lookAt(api, mirrorId);
    if (mirror.status === 'in_progress') {
      clearTimeout(patience);
      bar.show({ done: 0, total: null, text: await phaseOf(api, mirrorId) });
      return null;
    }
    const isNew = sync !== null && sync.syncId !== before?.syncId;
    const isOver = isNew || mirror.lastCheckedAt !== before?.lastCheckedAt || mirror.status !== before.status;
    if (!isOver || mirror.status === 'pending') {
      bar.show({ done: 0, total: null, text: 'waiting for a worker to begin' });
      return null;
    }
    return { mirror, sync: isNew ? sync : null };
  }).finally(() => (clearTimeout(patience), bar.end()));
  if (ended === null) return out.print(`It goes on without you. How it goes: ${typed(`show ${fullName}`)}`);
  const { mirror, sync } = ended;
  if (json) printJson(out, { mirror, sync });
  if (mirror.errorKind !== null && mirror.status !== 'completed') {
    throw new Refusal(
      `${mirror.fullName} ${mirror.status}. ${mirror.errorKind}: ${mirror.note ?? ''}${mirror.whatToDo === null ? '' : `\n${mirror.whatToDo}`}`,
    );
  }
  if (json) return;
  const what = sync === null ? 'nothing to do, it is as on GitHub' : changesOf(sync);
  out.print(`${mirror.fullName}: ${mirror.status}, ${what} (checked ${time(mirror.lastCheckedAt)}).`);
}

async function lookAt(api: Client, id: string): Promise<{ mirror: Schemas['Mirror']; sync: Schemas['Sync'] | null }> {
  const path = { id };
  const [mirror, { syncs }] = await Promise.all([
    answerOf(api.GET('/mirrors/{id}', { params: { path } })),
    answerOf(api.GET('/mirrors/{id}/syncs', { params: { path, query: { limit: 1 } } })),
  ]);
  return { mirror, sync: syncs[0] ?? null };
}

/** `receiving, 12 MB, 3 MB/s` */
async function phaseOf(api: Client, mirrorId: string): Promise<string> {
  const { transfers } = await answerOf(api.GET('/running'));
  const transfer = transfers.find((one) => one.mirrorId === mirrorId);
  if (!transfer?.phase) return 'it is looked at';
  const { phase, bytes, bytesPerSecond, attempt } = transfer;
  return [
    phase,
    ...(bytes ? [bytesText(bytes)] : []),
    ...(bytesPerSecond ? [`${bytesText(bytesPerSecond)}/s`] : []),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
  ].join(', ');
}
