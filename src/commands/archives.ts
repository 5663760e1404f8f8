import { answerOf } from '../client/client.ts';
import type { Config } from '../config.ts';
import { shortNameOf } from '../domain/archives.ts';
import { withApi, withApiFor, type Person } from './access.ts';
import { oneMirror } from './choose.ts';
import { UsageError } from './refusal.ts';
import { tableOf } from './table.ts';
import { counted, printJson, time, typed, type Output } from './wording.ts';

/** `starkeep history` and `starkeep restore`: what upstream rewrote or removed, and the way back. OneDev is asked, not the record. */

/** @throws Refusal when the mirror is not known */
export async function history(config: Config, name: string, options: { json?: boolean }, out: Output): Promise<void> {
  const { fullName, tips } = await withApi(config, async (api) => {
    const mirror = await oneMirror(api, name);
    const params = { path: { id: mirror.mirrorId } };
    return { fullName: mirror.fullName, ...(await answerOf(api.GET('/mirrors/{id}/history', { params }))) };
  });
  if (options.json) return printJson(out, tips);
  if (tips.length === 0) {
    return out.print(`${fullName}: upstream has rewritten or removed nothing since it is mirrored.`);
  }
  const table = tableOf(
    [
      { head: 'archived', cell: ({ archivedAt }) => archivedAt ?? 'unknown' },
      { head: 'was', cell: ({ of }) => shortNameOf(of), grows: true },
      { head: 'at', cell: ({ oid }) => oid.slice(0, 12) },
      { head: 'brought back as', cell: ({ restoredAs }) => (restoredAs === null ? '' : shortNameOf(restoredAs)) },
    ],
    tips,
    out,
    { whole: true },
  );
  out.print(`${fullName}: ${counted(tips.length, 'old tip')} kept.\n${table}`);
  out.print(`Bring one back: ${typed(`restore ${fullName} --branch NAME [--at TIME]`)}`);
}

export interface RestoreOptions extends Person {
  branch?: string;
  /** A time or a day, as `history` shows it. */
  at?: string;
  json?: boolean;
}

/** @throws Refusal, UsageError */
export async function restore(config: Config, name: string, options: RestoreOptions, out: Output): Promise<void> {
  const { branch } = options;
  const at = options.at === undefined ? undefined : timeOf(options.at);
  await withApiFor(config, options, async (api) => {
    const { mirrorId: id, fullName } = await oneMirror(api, name);
    const body = { ...(branch === undefined ? {} : { branch }), ...(at === undefined ? {} : { at }) };
    const restored = await answerOf(api.POST('/mirrors/{id}/restore', { params: { path: { id } }, body }));
    if (options.json) return printJson(out, restored);
    const { of, archivedAt, ref, created } = restored;
    const was = `${shortNameOf(of)} as it was until ${time(archivedAt)}`;
    out.print(`${fullName}: ${was} ${created ? 'is' : 'is already'} on OneDev as ${shortNameOf(ref)}`);
    out.print('No sync removes it; delete it on OneDev when you no longer need it.');
  });
}

/** @throws UsageError */
function timeOf(text: string): string {
  const at = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(at.getTime())) return at.toISOString();
  throw new UsageError(`--at must be a time such as 2026-11-23 or 2026-11-23T14:25:30Z, but is "${text}".`);
}
