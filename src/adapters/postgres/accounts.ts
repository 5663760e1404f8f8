import { Failure } from '../../domain/failures.ts';
import type { SourceAccount } from '../../domain/ports.ts';
import type { Account, AccountStore } from '../../domain/record-stores.ts';
import type { Database, Queryable, Row } from './database.ts';

export function createAccountStore(db: Database): AccountStore {
  return {
    current: () => currentIn(db),
    save: (account) =>
      db.transaction(async (tx) => {
        // Two workers that start with tokens of different people must not both be the first; readers are not held up.
        await tx.query('lock table accounts in share row exclusive mode');
        const known = await currentIn(tx);
        if (known && known.externalId !== account.externalId) throw mismatch(known, account);
        const [saved] = await tx.query(
          `insert into accounts (account_id, external_id, login) values ('github-' || $1::text, $1, $2)
           on conflict (account_id) do update set login = excluded.login, updated_at = now()
           returning account_id, external_id, login`,
          [account.externalId, account.login],
        );
        return accountOf(saved as Row);
      }),
  };
}

async function currentIn(db: Queryable): Promise<Account | null> {
  const [found] = await db.query('select account_id, external_id, login from accounts order by created_at limit 1');
  return found ? accountOf(found) : null;
}

function mismatch(known: Account, account: SourceAccount): Failure {
  return new Failure(
    'AccountMismatch',
    `this installation mirrors the stars of ${known.login} (GitHub user ${known.externalId}), but the settings now name ${account.login} (${account.externalId})`,
  );
}

function accountOf(row: Row): Account {
  return { accountId: String(row['account_id']), externalId: String(row['external_id']), login: String(row['login']) };
}
