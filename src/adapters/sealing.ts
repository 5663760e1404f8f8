import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { PayloadKey } from '../domain/payload-keys.ts';

/**
 * Seals short texts for the record: AES-256-GCM, bound to what they are for, so that a sealed text is of no use in another's place. Written as
 * `KEY-ID.IV.TAG.TEXT`, each but the first in base64url.
 */

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param purpose has to be the same to open it */
export function seal({ id, bytes }: PayloadKey, purpose: string, text: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, bytes, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const parts = [iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'));
  // An id may have dots in it, base64url has none.
  return [id, ...parts].join('.');
}

/** Why something sealed stays closed. */
export type Unopened = { opened: false; keyId: string; why: 'no such key' | 'changed' };

export function open(
  keys: readonly PayloadKey[],
  purpose: string,
  sealed: string,
): { opened: true; text: string } | Unopened {
  const [, keyId = '', iv = '', tag = '', text = ''] = /^(.+)\.([\w-]+)\.([\w-]+)\.([\w-]*)$/.exec(sealed) ?? [];
  const key = keys.find(({ id }) => id === keyId);
  if (!key) return { opened: false, keyId, why: 'no such key' };
  try {
    const decipher = createDecipheriv(CIPHER, key.bytes, Buffer.from(iv, 'base64url'), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(purpose))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    const opened = Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]);
    return { opened: true, text: opened.toString('utf8') };
  } catch {
    // Node says no more than that it does not fit.
    return { opened: false, keyId, why: 'changed' };
  }
}
