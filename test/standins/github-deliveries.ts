import { randomUUID } from 'node:crypto';
import { jsonId, type JsonObject } from './github-objects.ts';
import { deliver, type DeliverOptions, type DeliverResult } from './github-webhooks.ts';

/** What GitHub remembers of deliveries: the log behind the App's deliveries API, and sending one of it again. */

export interface StandinDelivery {
  /** Beyond 2^53. */
  readonly id: string;
  readonly guid: string;
  readonly event: string;
  readonly url: string;
  readonly payload: unknown;
  readonly options: DeliverOptions;
  readonly redelivery: boolean;
  /** ISO; tests make it older than it is. */
  deliveredAt: string;
  /** `OK` for 2xx, else what GitHub says instead. */
  status: string;
  /** 0 when there was no answer. */
  statusCode: number;
  answer: string;
}

export interface StandinDeliveries {
  readonly all: readonly StandinDelivery[];
  deliver(url: string, event: string, payload: unknown, options: DeliverOptions): Promise<DeliverResult>;
  miss(url: string, event: string, payload: unknown, options: DeliverOptions): StandinDelivery;
  /** Newest first. @returns `null` for a cursor that is none */
  page(size: number, cursor: string | null, status: string | null): { items: JsonObject[]; next: string | null } | null;
  detail(id: string): JsonObject | null;
  /** Queues another attempt, which is sent at once. @returns false when there is no such delivery */
  redeliver(id: string): boolean;
  config(): JsonObject;
  /** When every queued attempt has ended. */
  settled(): Promise<void>;
}

/** As large as GitHub's have been since February 2026. */
const FIRST_ID = 3_804_004_623_172_239_366n;

export function createStandinDeliveries(): StandinDeliveries {
  const all: StandinDelivery[] = [];
  const queued = new Set<Promise<unknown>>();

  type Sent = Pick<StandinDelivery, 'url' | 'event' | 'payload' | 'options' | 'redelivery'>;

  function record(sent: Sent, outcome: Pick<StandinDelivery, 'status' | 'statusCode' | 'answer'>): StandinDelivery {
    const guid = sent.options.guid ?? randomUUID();
    const delivery = {
      ...sent,
      ...outcome,
      guid,
      options: { ...sent.options, guid },
      id: String(FIRST_ID + BigInt(all.length)),
      deliveredAt: new Date().toISOString(),
    };
    all.push(delivery);
    return delivery;
  }

  async function send(sent: Sent): Promise<DeliverResult> {
    const options = { ...sent.options, guid: sent.options.guid ?? randomUUID() };
    try {
      const result = await deliver(sent.url, sent.event, sent.payload, options);
      const status = result.status >= 200 && result.status < 300 ? 'OK' : `Invalid HTTP Response: ${result.status}`;
      record({ ...sent, options }, { status, statusCode: result.status, answer: result.text });
      return result;
    } catch (error) {
      const status = error instanceof Error && error.name === 'TimeoutError' ? 'timed out' : NO_ANSWER;
      record({ ...sent, options }, { status, statusCode: 0, answer: '' });
      throw error;
    }
  }

  return {
    all,
    deliver: (url, event, payload, options) => send({ url, event, payload, options, redelivery: false }),
    miss: (url, event, payload, options) =>
      record({ url, event, payload, options, redelivery: false }, { status: NO_ANSWER, statusCode: 0, answer: '' }),
    page(size, cursor, status) {
      const before = cursor === null ? null : (/^v1_(\d+)$/.exec(cursor)?.[1] ?? '');
      if (before === '') return null;
      const newestFirst = all.filter(
        (one) => fitsStatus(one, status) && (before === null || BigInt(one.id) < BigInt(before)),
      );
      newestFirst.reverse();
      const items = newestFirst.slice(0, size);
      const last = items.at(-1);
      return { items: items.map(itemObject), next: newestFirst.length > size && last ? `v1_${last.id}` : null };
    },
    detail(id) {
      const found = all.find((one) => one.id === id);
      return found ? detailObject(found) : null;
    },
    redeliver(id) {
      const found = all.find((one) => one.id === id);
      if (!found) return false;
      const { url, event, payload, options } = found;
      // A failed attempt is in the log, which is where GitHub shows it too.
      const attempt = send({ url, event, payload, options, redelivery: true }).catch(() => undefined);
      queued.add(attempt);
      void attempt.then(() => queued.delete(attempt));
      return true;
    },
    config: () => ({
      content_type: 'json',
      insecure_ssl: '0',
      secret: '********',
      url: all.at(-1)?.url ?? 'https://starkeep.example.com/webhooks/github',
    }),
    async settled() {
      await Promise.all(queued);
    },
  };
}

const NO_ANSWER = 'failed to connect to host';

/** GitHub's `failure` is a status code from 400 to 599; what got no answer at all is in neither. */
function fitsStatus({ statusCode }: StandinDelivery, status: string | null): boolean {
  if (status === 'success') return statusCode >= 200 && statusCode < 400;
  return status === 'failure' ? statusCode >= 400 && statusCode < 600 : true;
}

function itemObject(delivery: StandinDelivery): JsonObject {
  const { action, repository, installation } = delivery.payload as Record<string, unknown>;
  const idIn = (object: unknown): unknown => (object as { id?: unknown } | undefined)?.id ?? null;
  return {
    id: jsonId(delivery.id),
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt,
    redelivery: delivery.redelivery,
    duration: 0.27,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: typeof action === 'string' ? action : null,
    installation_id: idIn(installation),
    repository_id: idIn(repository),
    throttled_at: null,
  };
}

function detailObject(delivery: StandinDelivery): JsonObject {
  return {
    ...itemObject(delivery),
    url: delivery.url,
    request: {
      headers: { 'X-GitHub-Delivery': delivery.guid, 'X-GitHub-Event': delivery.event },
      payload: delivery.payload,
    },
    response: { headers: {}, payload: delivery.answer },
  };
}
