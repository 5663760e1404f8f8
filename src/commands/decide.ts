import { answerOf, ApiProblem, type Client, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import type { MirrorDecision } from '../domain/ports.ts';
import { withApiFor, type Person } from './access.ts';
import { oneMirror } from './choose.ts';
import { EXIT } from './exit-codes.ts';
import { Refusal } from './refusal.ts';
import { lastSyncOf, syncEnded } from './waiting.ts';
import { printJson, typed, type Output } from './wording.ts';

/** `starkeep sync`, `pause`, `resume`, `deletions approve` and `deletions cancel`: a person's word to one mirror. */

const PATHS = {
  syncNow: '/mirrors/{id}/sync',
  pause: '/mirrors/{id}/pause',
  resume: '/mirrors/{id}/resume',
  approveDeletion: '/mirrors/{id}/approve-deletion',
  cancelDeletion: '/mirrors/{id}/cancel-deletion',
} as const satisfies Record<MirrorDecision, string>;

export interface DecisionOptions extends Person {
  reason?: string | undefined;
  /** Of `syncNow`: held rewrites are followed this once, and their old tips archived. */
  acceptRewrites?: boolean | undefined;
  /** Of `syncNow`: until it has ended. */
  wait?: boolean | undefined;
  json?: boolean | undefined;
}

/** @throws Refusal when the mirror is not known, this would do nothing to it as it is, or what was waited for failed */
export async function decide(
  config: Config,
  decision: MirrorDecision,
  name: string,
  options: DecisionOptions,
  out: Output,
): Promise<void> {
  const { reason, acceptRewrites, wait = false, json = false } = options;
  await withApiFor(config, options, async (api) => {
    const mirror = await oneMirror(api, name);
    const { mirrorId: id, fullName } = mirror;
    const deletion = await openDeletionOf(api, id);
    const before = wait ? await lastSyncOf(api, id) : null;
    const body = { ...(reason ? { reason } : {}), ...(acceptRewrites ? { acceptRewrites } : {}) };
    const told = await answerOf(api.POST(PATHS[decision], { params: { path: { id } }, body })).catch(
      (error: unknown) => {
        throw withAdvice(error, decision, mirror);
      },
    );
    // What is deleted and not starred stays so, and nothing tells that it was looked at: there is nothing to wait for.
    if (!wait || mirror.status === 'deleted') {
      if (json) return printJson(out, told);
      out.print(`${fullName}: ${outcome(decision, mirror, deletion)}`);
      out.print(`How it goes: ${typed(`show ${fullName}`)}`);
      return;
    }
    await syncEnded(api, mirror, before, { json }, out);
  });
}

async function openDeletionOf(api: Client, mirrorId: string): Promise<Schemas['Deletion'] | null> {
  const query = { mirrorId, limit: 1 };
  const { deletions } = await answerOf(api.GET('/deletions', { params: { query } }));
  return deletions[0] ?? null;
}

/** A person should hear at once what would do something. */
function withAdvice(error: unknown, decision: MirrorDecision, { paused, fullName }: Schemas['Mirror']): unknown {
  if (!(error instanceof ApiProblem) || error.status !== 409 || decision !== 'syncNow' || !paused) return error;
  return new Refusal(`${error.message} Go on with: ${typed(`resume ${fullName}`)}`, EXIT.refused);
}

function outcome(decision: MirrorDecision, mirror: Schemas['Mirror'], deletion: Schemas['Deletion'] | null): string {
  switch (decision) {
    case 'syncNow':
      if (deletion) return 'GitHub is asked once more whether it is starred; only then it is synced and kept.';
      return mirror.status === 'deleted'
        ? 'it comes back if it is starred.'
        : 'told to sync now; this does not wait for it.';
    case 'pause':
      return deletion
        ? 'paused, and its deletion is called off for now.'
        : 'paused; what is under way is finished first.';
    case 'resume':
      return 'it goes on, and is synced now.';
    case 'approveDeletion':
      return `${deletion?.policy === 'archive' ? 'archived' : 'deleted'} now, if GitHub does not show it as starred.`;
    case 'cancelDeletion':
      return 'kept, although it is not starred, and synced.';
  }
}
