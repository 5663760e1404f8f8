import { deliver } from '../standins/github-webhooks.ts';
import type { Random } from './random.ts';
import type { Event } from './upstream.ts';

/** Sends signed deliveries, each again under its GUID until it is acknowledged, as GitHub does on request; some once more although they were. */
export interface Courier {
  readonly deliveries: readonly SentDelivery[];
  /** Answers that no outage explains. */
  readonly strange: readonly string[];
  /** @returns when it was acknowledged */
  send(event: Event, repoId: string): Promise<SentDelivery>;
  /** Nobody waits for an acknowledgement any more. */
  isIdle(): boolean;
  /** Gives up what was not acknowledged. */
  stop(): void;
}

export interface SentDelivery {
  guid: string;
  event: Event['event'];
  repoId: string;
  oid: string | null;
  sentAt: number;
  /** `null` until 202 came, or 200 for one that had been taken before its answer was lost. */
  acknowledgedAt: number | null;
  attempts: number;
  /** Sent again after it was acknowledged. */
  duplicates: number;
}

const PAUSE_MS = 700;
const DUPLICATES = 0.2;

export function createCourier(options: { url: string; secret: string; random: Random }): Courier {
  const { url, secret, random } = options;
  const deliveries: SentDelivery[] = [];
  const strange: string[] = [];
  let underway = 0;
  let stopped = false;

  /** @returns the status; 0 when the connection broke */
  async function attempt(delivery: SentDelivery, { event, payload }: Event): Promise<number> {
    delivery.attempts += 1;
    try {
      const { status, text } = await deliver(url, event, payload, { secret, guid: delivery.guid });
      if (![200, 202, 503].includes(status)) strange.push(`${event} ${delivery.guid} was answered ${status}: ${text}`);
      return status;
    } catch {
      // Nobody listens, or the answer was lost; GitHub shows both as a failed delivery.
      return 0;
    }
  }

  async function untilAcknowledged(delivery: SentDelivery, event: Event, again: boolean): Promise<void> {
    while (!stopped) {
      const status = await attempt(delivery, event);
      if (status === 200 || status === 202) break;
      await new Promise((wake) => setTimeout(wake, PAUSE_MS));
    }
    if (stopped) return;
    delivery.acknowledgedAt = Date.now();
    if (!again) return;
    delivery.duplicates += 1;
    await attempt(delivery, event);
  }

  return {
    deliveries,
    strange,
    async send(event, repoId) {
      const delivery: SentDelivery = {
        guid: guidFrom(random),
        event: event.event,
        repoId,
        oid: event.oid ?? null,
        sentAt: Date.now(),
        acknowledgedAt: null,
        attempts: 0,
        duplicates: 0,
      };
      deliveries.push(delivery);
      underway += 1;
      try {
        await untilAcknowledged(delivery, event, random.next() < DUPLICATES);
      } finally {
        underway -= 1;
      }
      return delivery;
    },
    isIdle: () => underway === 0,
    stop: () => void (stopped = true),
  };
}

function guidFrom(random: Random): string {
  const digits = Array.from({ length: 32 }, () => random.int(0, 15).toString(16)).join('');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  );
}
