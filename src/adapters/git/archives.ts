import { Failure, toFailure } from '../../domain/failures.ts';
import { historyOf } from '../../domain/archives.ts';
import type { RefName } from '../../domain/model.ts';
import type { Archives, GitRemote } from '../../domain/ports.ts';
import { type RefUpdate, restoredNameOf } from '../../domain/refs.ts';
import type { Redact } from '../../domain/redaction.ts';
import { createIdleWatch, withDeadline } from './deadline.ts';
import { createConnectionPool, createSmartHttp } from './smart-http.ts';
import { createStreamTarget, type StreamTarget } from './stream-target.ts';

export interface ArchivesOptions {
  redact: Redact;
  /** For one question or one restoring. Default 60 s. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;

/** Archived tips, read and brought back on the target itself: the objects are there, so nothing is fetched and nothing is kept on disk. */
export function createArchives({ redact, timeoutMs = DEFAULT_TIMEOUT_MS }: ArchivesOptions): Archives {
  const withTarget = <Result>(remote: GitRemote, work: (target: StreamTarget) => Promise<Result>): Promise<Result> =>
    withDeadline(
      { signal: new AbortController().signal, timeoutMs, asFailure: (error) => toFailure(error) },
      async (signal) => {
        const pool = createConnectionPool();
        const idle = createIdleWatch(timeoutMs, () => undefined);
        const http = createSmartHttp({ side: 'target', remote, pool, signal, idle, redact });
        try {
          return await work(createStreamTarget(http, { redact, anonymous: remote.auth.kind === 'none' }));
        } finally {
          pool.http.destroy();
          pool.https.destroy();
        }
      },
    );

  return {
    history: (remote) => withTarget(remote, async (target) => historyOf((await target.list()).listing)),

    /** If we die here, the branch is there or it is not; asking again finds out, and changes nothing more. */
    restore: (remote, tip) =>
      withTarget(remote, async (target) => {
        const name = restoredNameOf(tip);
        const { listing } = await target.list();
        const standing = listing.refs.find((ref) => ref.name === name);
        if (standing?.oid === tip.oid) return { name, created: false };
        // Brought back before, and worked on since: that is a person's now, and kept nowhere else.
        if (standing !== undefined) throw workedOn(name);
        const update: RefUpdate = { name, expected: null, desired: tip.oid, forced: false };
        const outcome = await target.push([update], null);
        const verdict = outcome.verdicts.get(name);
        if (verdict === undefined) throw outcome.failure();
        if (verdict.verdict === 'taken') return { name, created: true };
        if (verdict.verdict === 'changed') {
          throw new Failure('TargetChanged', `Somebody changed ${name} on OneDev in this moment.`);
        }
        const why = verdict.verdict === 'declined' ? verdict.reason : outcome.hookReason();
        throw new Failure('TargetError', redact(`OneDev did not take ${name}: ${why}`));
      }),
  };
}

function workedOn(name: RefName): Failure {
  return new Failure(
    'RestoredBefore',
    `${name} was changed on OneDev since it was brought back, and was not overwritten.`,
  );
}
