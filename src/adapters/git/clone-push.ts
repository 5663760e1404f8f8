import type { RefUpdate } from '../../domain/refs.ts';
import { hookReason, parsePush } from './messages.ts';
import type { Outgoing } from './outgoing.ts';
import type { Pushing } from './push.ts';
import type { GitSession } from './session.ts';

/** Pushes by `git push`, from the cache. */
export function clonePushing(session: GitSession, chunk: number, onDone: Pushing['onDone']): Pushing {
  return {
    async send(updates) {
      const result = await session.push(outgoingOf(updates));
      return {
        verdicts: parsePush(result.stdout, result.stderr),
        hookReason: () => hookReason(result.stderr),
        failure: () => session.pushFailure(result),
      };
    },
    chunk,
    onDone,
  };
}

function outgoingOf(updates: readonly RefUpdate[]): Outgoing {
  return {
    refs: updates.flatMap(({ name, desired }) => (desired === null ? [] : [{ name, oid: desired }])),
    leases: updates.flatMap(({ name, expected }) => (expected === null ? [] : [{ name, oid: expected }])),
    removals: updates.filter(({ desired }) => desired === null).map(({ name }) => name),
  };
}
