import { webcrypto } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { Failure } from '../domain/failures.ts';
import type { PayloadKey } from '../domain/payload-keys.ts';

/**
 * Encrypts what crosses to Temporal: arguments, results, signals, queries, heartbeats, memos, and with {@link ENCODED_FAILURES} messages and stacks of
 * failures. AES-256-GCM over the whole payload, with the metadata names that Temporal's own samples use, so that other codec servers understand it.
 * @see https://docs.temporal.io/payload-codec
 */

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'AES-GCM';

/** What GCM is made for; each payload has its own, by chance. */
const IV_BYTES = 12;

/** Loaded by Temporal itself, here and in the workflows' bundle. */
export const ENCODED_FAILURES = fileURLToPath(new URL('../workflows/encoded-failures.cjs', import.meta.url));

/** CommonJS, whose names Node does not see. */
const { Payload: Wire } = proto.temporal.api.common.v1;

/**
 * @param keys the first encrypts, all decrypt; without any, nothing is encrypted, and what is encrypted is refused with a reason
 * @returns what client, worker and replayer take
 */
export function dataConverterOf(keys: readonly PayloadKey[]): DataConverter {
  const converter: DataConverter = { payloadCodecs: [createPayloadCodec(keys)] };
  return keys.length === 0 ? converter : { ...converter, failureConverterPath: ENCODED_FAILURES };
}

/**
 * What is not encrypted passes when it is decoded: histories from before, and what a person sends with the plain `temporal` command. `decode` throws a
 * Failure `PayloadKeyMissing` when the key is not among ours, `TemporalUnusable` when it is, and the payload is not what was encrypted with it.
 */
export function createPayloadCodec(keys: readonly PayloadKey[]): PayloadCodec {
  const imported = new Map<string, Promise<webcrypto.CryptoKey>>();
  const keyFor = ({ id, bytes }: PayloadKey) => {
    const known = imported.get(id);
    if (known) return known;
    const made = webcrypto.subtle.importKey('raw', bytes, CIPHER, false, ['encrypt', 'decrypt']);
    imported.set(id, made);
    return made;
  };
  const [first] = keys;

  const encrypt = async (payload: Payload, key: PayloadKey): Promise<Payload> => {
    const iv = webcrypto.getRandomValues(new Uint8Array(IV_BYTES));
    const sealed = await webcrypto.subtle.encrypt(
      { name: CIPHER, iv },
      await keyFor(key),
      Wire.encode(payload).finish(),
    );
    return {
      metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(key.id) },
      data: Buffer.concat([iv, Buffer.from(sealed)]),
    };
  };

  const decrypt = async ({ metadata, data }: Payload): Promise<Payload> => {
    const id = textOf(metadata?.[KEY_ID]);
    const key = keys.find((one) => one.id === id);
    if (!key) throw missing(id, keys);
    const sealed = data ?? new Uint8Array();
    try {
      const iv = sealed.subarray(0, IV_BYTES);
      const plain = await webcrypto.subtle.decrypt({ name: CIPHER, iv }, await keyFor(key), sealed.subarray(IV_BYTES));
      return Wire.decode(new Uint8Array(plain));
    } catch (error) {
      const message = `A payload is not what was encrypted with the key "${id}": it was changed, or another key has the same name.`;
      throw new Failure('TemporalUnusable', message, { cause: error });
    }
  };

  return {
    encode: async (payloads) => (first ? Promise.all(payloads.map((payload) => encrypt(payload, first))) : payloads),
    decode: (payloads) => Promise.all(payloads.map(async (one) => (isEncrypted(one) ? decrypt(one) : one))),
  };
}

function isEncrypted({ metadata }: Payload): boolean {
  return textOf(metadata?.['encoding']) === ENCODING;
}

function missing(id: string, keys: readonly PayloadKey[]): Failure {
  const has = keys.length === 0 ? 'is not set' : `has ${keys.map((key) => `"${key.id}"`).join(', ')}`;
  const message = `A payload is encrypted with the key "${id}", and STARKEEP_PAYLOAD_KEYS ${has}.`;
  return new Failure('PayloadKeyMissing', message);
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString('utf8') : '';
}
