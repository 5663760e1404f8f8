import type { RefUpdate } from '../../domain/refs.ts';
import { hookReason, parsePush } from './messages.ts';
import type { Pushing } from './push.ts';
import type { GitSession } from './session.ts';

/** Pushes by `git push`, from the cache. */
export function clonePushing(session: GitSession, chunk: number, onDone: Pushing['onDone']): Pushing {
  return {
    async send(updates) {
      const result = await session.push(updates.map(leaseOf), updates.map(refspecOf));
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

function leaseOf({ name, expected }: RefUpdate): string {
  return `--force-with-lease=${name}:${expected ?? ''}`;
}

/** Begins with an object id or a colon, so it can never be taken for an option or a negative refspec. */
function refspecOf({ name, desired }: RefUpdate): string {
  return `${desired ?? ''}:${name}`;
}
