/** A key that payloads are encrypted with. */
export interface PayloadKey {
  /** Stands beside everything encrypted with it, in the clear. */
  id: string;
  /** 32 bytes. */
  bytes: Uint8Array;
  /** As it was given, for the redaction list. */
  text: string;
}

const KEY_BYTES = 32;

/**
 * Reads `ID:KEY,ID:KEY…`, where KEY is base64. The first encrypts, all of them decrypt.
 * @throws Error whose message completes "… must be", without a word of the value
 */
export function parsePayloadKeys(value: string): PayloadKey[] {
  const keys = value.split(',').map((entry) => parseKey(entry.trim()));
  const ids = new Set(keys.map(({ id }) => id));
  if (ids.size < keys.length) throw new Error('a list of keys in which each ID stands once');
  return keys;
}

function parseKey(entry: string): PayloadKey {
  const [, id, text] = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]+={0,2})$/.exec(entry) ?? [];
  const bytes = id === undefined || text === undefined ? null : decoded(text);
  if (id === undefined || text === undefined || bytes?.length !== KEY_BYTES) {
    throw new Error('ID:KEY, several with commas, where KEY comes from: openssl rand -base64 32');
  }
  return { id, bytes, text };
}

function decoded(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    // Not base64.
    return null;
  }
}
