import type { Account } from '../domain/record-stores.ts';
import type { ActivityPorts } from './ports.ts';

/**
 * Whose stars these are: what GitHub says, compared with the record. It is asked once, however many want to know at the same moment; only
 * after a failure it is asked again. The record's word alone is never taken: deletions rest on this.
 * @throws Failure `AccountMismatch` when the settings now name another account, and whatever GitHub says instead of an answer
 */
export function createAccountLookup({
  source,
  accounts,
}: Pick<ActivityPorts, 'source' | 'accounts'>): () => Promise<Account> {
  let answer: Promise<Account> | null = null;
  // If we die here, the next attempt is another process's first question, and writes the same.
  return async () => {
    answer ??= source.account().then((account) => accounts.save(account));
    try {
      return await answer;
    } catch (error) {
      answer = null;
      throw error;
    }
  };
}
