import type { Context } from 'hono';
import { audited } from '../../domain/audit.ts';
import type { AccountStore } from '../../domain/record-stores.ts';
import type { AuditStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';

export interface AuditingPorts {
  accounts: Pick<AccountStore, 'current'>;
  audit: Pick<AuditStore, 'append'>;
}

/** What a mutating route does, with what the audit log says of it. */
export interface Act<T> {
  action: string;
  subject: string | null;
  details?: Record<string, unknown>;
  work: () => Promise<T>;
}

/** Does it in the name of the key, also of the one that began a session, and has that in the audit log first. */
export async function act<T>({ accounts, audit }: AuditingPorts, c: Context<Authenticated>, asked: Act<T>): Promise<T> {
  const { name, keyId } = c.get('key');
  const session = c.get('session');
  const account = await accounts.current();
  const { action, subject, details = {}, work } = asked;
  const by = { ...(keyId === null ? {} : { keyId }), ...(session === null ? {} : { sessionId: session.sessionId }) };
  const entry = { accountId: account?.accountId ?? null, actor: name, action, subject, details: { ...by, ...details } };
  return audited(audit, entry, work);
}
