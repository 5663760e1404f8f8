import type { AuditStore, KeyStore } from './service-stores.ts';

/** API keys: who may ask for what. */

/** Each may do what the ones before it may. `read` looks · `operate` syncs, pauses, replays, keeps · `admin` also lets things be deleted and reads the audit log. */
export const KEY_SCOPES = ['read', 'operate', 'admin'] as const;

export type KeyScope = (typeof KEY_SCOPES)[number];

/** `setting`: STARKEEP_ADMIN_KEY · `first_start`: made when there was none · `person`: `starkeep keys create`. */
export type KeyOrigin = 'setting' | 'first_start' | 'person';

/** A key without its text, which is nowhere. Times are ISO. */
export interface ApiKey {
  keyId: string;
  /** What the audit log calls whoever uses it. */
  name: string;
  scope: KeyScope;
  origin: KeyOrigin;
  /** Its first characters; `null` for one that a person thought up. */
  shown: string | null;
  createdAt: string;
  /** To the minute. */
  lastUsedAt: string | null;
  revokedAt: string | null;
}

/** The names of the keys that no person made. */
export const SETTING_KEY_NAME = 'STARKEEP_ADMIN_KEY';
export const FIRST_KEY_NAME = 'first start';

/** @returns whether a key of scope `has` may do what takes `needed` */
export function scopeAllows(has: KeyScope, needed: KeyScope): boolean {
  return KEY_SCOPES.indexOf(has) >= KEY_SCOPES.indexOf(needed);
}

/** What a person's key may be called. */
export const KEY_NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,59}$/u;

/** The same in words. */
export const KEY_NAME_RULE = '1 to 60 letters, digits, spaces and . _ @ -, beginning with a letter or digit';

/** Why a person's key cannot be called that, completing "NAME "; `null` when it can. */
export function keyNameProblem(name: string): string | null {
  const reserved = [SETTING_KEY_NAME, FIRST_KEY_NAME].some((taken) => taken.toLowerCase() === name.toLowerCase());
  if (reserved) return 'is what Starkeep calls a key of its own; choose another name';
  return KEY_NAME.test(name) ? null : `is no name for a key: ${KEY_NAME_RULE}`;
}

/**
 * Makes the keys what the setting says: the one it names lets in, one it named before does not any more. May be repeated, and by several
 * processes at once. If we die between the change and its audit entry, the change stands and the key list shows it.
 */
export async function adoptSettingKey(
  { keys, audit }: { keys: Pick<KeyStore, 'adoptSetting'>; audit: Pick<AuditStore, 'append'> },
  text: string | undefined,
): Promise<void> {
  const changed = await keys.adoptSetting(text);
  if (changed === null) return;
  await audit.append({ actor: SETTING_KEY_NAME, action: `key.${changed}`, subject: SETTING_KEY_NAME, details: {} });
}

/**
 * Makes the first admin key where there is none. If we die before somebody has seen it, `starkeep keys create` makes another.
 * @returns its text, to be shown this once; `null` when there is an admin key already
 */
export async function makeFirstKey({
  keys,
  audit,
}: {
  keys: Pick<KeyStore, 'createFirst'>;
  audit: Pick<AuditStore, 'append'>;
}): Promise<string | null> {
  const text = await keys.createFirst();
  if (text !== null) {
    await audit.append({ actor: FIRST_KEY_NAME, action: 'key.created', subject: FIRST_KEY_NAME, details: {} });
  }
  return text;
}
