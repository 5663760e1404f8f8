import Table from 'cli-table3';
import { createKeyStore } from '../adapters/postgres/api-keys.ts';
import { createAuditStore } from '../adapters/postgres/audit.ts';
import type { Config } from '../config.ts';
import { audited } from '../domain/audit.ts';
import { KEY_SCOPES, keyNameProblem, type ApiKey, type KeyScope } from '../domain/keys.ts';
import { withDatabase } from './installation.ts';
import { Refusal, UsageError } from './refusal.ts';
import { time, typed, type Output } from './wording.ts';

/** `starkeep keys`: who may use the API. Whoever can reach the database may; so this is also the way back when every key was lost. */

export interface NewKeyOptions {
  name: string;
  scope: string;
}

/** @throws Refusal when a valid key has the name · ConfigError for a name or scope that cannot be */
export async function createKey(config: Config, options: NewKeyOptions, by: string, out: Output): Promise<void> {
  const { name, scope } = options;
  const problem = keyNameProblem(name);
  if (problem !== null) throw new UsageError(`--name "${name}" ${problem}.`);
  if (!isScope(scope)) throw new UsageError(`--scope must be one of ${KEY_SCOPES.join(', ')}, but is "${scope}".`);
  const made = await withDatabase(config, async (db) => {
    const entry = { actor: by, action: 'key.created', subject: name, details: { scope } };
    return audited(createAuditStore(db), entry, async () => {
      const created = await createKeyStore(db).create({ name, scope });
      if (created === null)
        throw new Refusal(`There is a key "${name}" already. Choose another name, or revoke it: ${typed('keys list')}`);
      return created;
    });
  });
  // The text alone on the first line, so that a script can take it.
  out.print(made.text);
  out.print(`That is the key "${name}" (${scope}), shown only this once. Send it as: Authorization: Bearer KEY`);
}

export async function listKeys(config: Config, options: { json?: boolean }, out: Output): Promise<void> {
  const keys = await withDatabase(config, (db) => createKeyStore(db).list());
  if (options.json) return out.print(JSON.stringify(keys, null, 2));
  if (keys.length === 0) return out.print(`There is no key yet. Make one: ${typed('keys create --name NAME')}`);
  const head = ['id', 'name', 'key', 'scope', 'made', 'last used', 'revoked'];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const key of keys) {
    const { keyId, name, shown, scope, createdAt, lastUsedAt, revokedAt } = key;
    const text = shown === null ? '(set)' : `${shown}…`;
    table.push([keyId, name, text, scope, at(createdAt), at(lastUsedAt), revokedAt === null ? '' : at(revokedAt)]);
  }
  out.print(table.toString());
}

/** @throws Refusal when no valid key has the id, or it is the setting's */
export async function revokeKey(config: Config, keyId: string, by: string, out: Output): Promise<void> {
  await withDatabase(config, async (db) => {
    const keys = createKeyStore(db);
    const key = (await keys.list()).find((one) => one.keyId === keyId && one.revokedAt === null);
    refuseUnrevocable(keyId, key);
    const entry = { actor: by, action: 'key.revoked', subject: key.name, details: { keyId } };
    await audited(createAuditStore(db), entry, () => keys.revoke(keyId));
    out.print(`Key "${key.name}" was revoked; it lets nobody in any more.`);
  });
}

function refuseUnrevocable(keyId: string, key: ApiKey | undefined): asserts key is ApiKey {
  if (!key) throw new Refusal(`There is no valid key ${keyId}. ${typed('keys list')} names them.`);
  if (key.origin !== 'setting') return;
  throw new Refusal(
    'That key is STARKEEP_ADMIN_KEY, and would be back at the next start. Change or unset it, and start the api again.',
  );
}

function isScope(text: string): text is KeyScope {
  return (KEY_SCOPES as readonly string[]).includes(text);
}

function at(iso: string | null): string {
  return time(iso === null ? null : new Date(iso));
}
