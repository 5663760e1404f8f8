import { createHmac } from 'node:crypto';
import type { AlertNotice } from '../../domain/alerts.ts';
import type { AlertChannel } from '../../domain/ports.ts';
import { postMessage } from './post.ts';

export interface WebhookOptions {
  url: string;
  /** Signs every message; `undefined`: none is signed. */
  secret: string | undefined;
  userAgent: string;
}

/**
 * For programs: one POST a notice. `x-starkeep-signature-256` is `sha256=` and the HMAC-SHA256 of the raw body in hex, as GitHub signs what it
 * sends us; `x-starkeep-delivery` has the id that is the same in every attempt.
 */
export function createWebhookChannel({ url, secret, userAgent }: WebhookOptions): AlertChannel {
  return {
    name: 'webhook',
    atOnce: 1,
    async send([notice]) {
      if (notice === undefined) return;
      const body = JSON.stringify(messageOf(notice));
      const signature = secret === undefined ? null : createHmac('sha256', secret).update(body).digest('hex');
      const headers = {
        'user-agent': userAgent,
        'x-starkeep-delivery': notice.id,
        'x-starkeep-event': notice.transition,
        ...(signature === null ? {} : { 'x-starkeep-signature-256': `sha256=${signature}` }),
      };
      await postMessage({ url, headers, body });
    },
  };
}

function messageOf({ id, transition, alert }: AlertNotice): object {
  return { id, event: transition, alert, sentAt: new Date().toISOString() };
}
