import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * GitHub's signature of a delivery, computed over the bytes as they arrive: nothing is decoded before it is known who sent it, and 25 MB do
 * not hold up everybody else at once.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export interface SignatureCheck {
  update(chunk: Uint8Array): void;
  /** Whether the signature is that of one of the secrets; may be asked once. */
  fits(): boolean;
}

/**
 * @param header `X-Hub-Signature-256`
 * @param secrets the current one and, during a rotation, the previous one
 * @returns `null` when no body can fit: then there is no need to read it
 */
export function checkSignature(header: string | undefined, secrets: string[]): SignatureCheck | null {
  const hex = /^sha256=([0-9a-f]{64})$/.exec(header ?? '')?.[1];
  if (hex === undefined || secrets.length === 0) return null;
  const given = Buffer.from(hex, 'hex');
  const hmacs = secrets.map((secret) => createHmac('sha256', secret));
  return {
    update: (chunk) => hmacs.forEach((hmac) => hmac.update(chunk)),
    // Every secret is compared, whichever fits: how long it takes says nothing about which.
    fits: () => hmacs.map((hmac) => timingSafeEqual(hmac.digest(), given)).includes(true),
  };
}
