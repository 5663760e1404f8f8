import { Context } from '@temporalio/activity';
import pLimit from 'p-limit';
import type { RepoEvent } from '../domain/events.ts';
import type { MirrorControl } from '../domain/ports.ts';

/** signalWithStart calls in flight at once: a page of a hundred in a moment, without flooding a small Temporal server. */
const SIGNALS_AT_ONCE = 10;

/**
 * Reaches one workflow per item, several at a time.
 * @param options.accountId whose work it is
 * @param options.onReached after each
 * @throws the first failure; the rest is then left to the next attempt
 */
export async function signalAll<T>(
  control: MirrorControl,
  items: T[],
  eventOf: (item: T) => RepoEvent,
  { accountId, onReached }: { accountId?: string; onReached?: (item: T) => Promise<void> } = {},
): Promise<void> {
  const limit = pLimit(SIGNALS_AT_ONCE);
  try {
    await limit.map(items, async (item) => {
      Context.current().cancellationSignal.throwIfAborted();
      await control.repoEvent(eventOf(item), accountId === undefined ? {} : { accountId });
      await onReached?.(item);
      Context.current().heartbeat();
    });
  } finally {
    // After a failure the others are the next attempt's: they must not go on beside it.
    limit.clearQueue();
  }
}
