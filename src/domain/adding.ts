import { Failure } from './failures.ts';
import { mirrorIdOf, type MirrorId } from './model.ts';
import type { MirrorControl, SourceHost } from './ports.ts';
import type { AccountStore, MirrorStore } from './record-stores.ts';

/** `owner/name`, as GitHub lets repositories be called. */
export const FULL_NAME = /^[\w-]{1,100}\/(?!\.{1,2}$)[\w.-]{1,100}$/;

export interface AddingPorts {
  accounts: Pick<AccountStore, 'current'>;
  mirrors: Pick<MirrorStore, 'saveUpstream'>;
  source: Pick<SourceHost, 'repositoryByName'>;
  control: Pick<MirrorControl, 'repoEvent'>;
}

/**
 * Has a repository mirrored that need not be starred: it is pinned, so no filter and no star list takes it away again. May be repeated. If we die
 * before its workflow is reached, it stands in the record as pending, and adding it again reaches it.
 * @returns the mirror, under the name the repository has today
 * @throws Failure `SourceGone` · `SourceBlocked` · `AccountUnknown` · `TemporalUnavailable`, and whatever GitHub says instead of an answer
 */
export async function addMirror(
  { accounts, mirrors, source, control }: AddingPorts,
  { fullName, by, correlationId }: { fullName: string; by: string; correlationId: string },
): Promise<{ mirrorId: MirrorId; fullName: string; workflowId: string }> {
  const account = await accounts.current();
  if (!account) throw new Failure('AccountUnknown', 'It is not known yet for whom this is mirrored.');
  const found = await source.repositoryByName(fullName);
  if (found.found === 'gone') throw new Failure('SourceGone', `GitHub shows no repository ${fullName}.`);
  if (found.found === 'blocked') throw new Failure('SourceBlocked', `GitHub blocks ${fullName}: ${found.reason}.`);
  const { repository } = found;
  await mirrors.saveUpstream(account.accountId, repository, null, true);
  const { workflowId } = await control.repoEvent({
    kind: 'requested',
    trigger: 'manual',
    repoId: repository.repoId,
    fullName: repository.fullName,
    correlationId,
    by,
  });
  return { mirrorId: mirrorIdOf(repository.repoId), fullName: repository.fullName, workflowId };
}
