import { createHmac, randomUUID } from 'node:crypto';
import type { Hono } from 'hono';
import { pino } from 'pino';
import { createApp, type ApiPorts } from '../../src/api/app.ts';
import type { AuditEntry, AuditEvent } from '../../src/domain/audit.ts';
import type { RepoEvent } from '../../src/domain/events.ts';
import type { Figures } from '../../src/domain/figures.ts';
import { Failure } from '../../src/domain/failures.ts';
import type { MirrorControl } from '../../src/domain/ports.ts';
import type { Delivery, DeliveryStore, MirrorStore } from '../../src/domain/record-stores.ts';
import { deliveriesTotal } from '../../src/metrics.ts';
import { createGithubModel, type GithubModel } from '../standins/github-model.ts';
import { toJson } from '../standins/github-objects.ts';
import { createPayloads, type WebhookPayloads } from '../standins/github-webhooks.ts';

/** The api with doubles behind its ports: an inbox in memory, and a Temporal that writes down what it is told. */
export interface Receiver {
  app: Hono;
  ports: ApiPorts;
  inbox: MemoryInbox;
  control: FakeControl;
  /** Every line logged, parsed. */
  logged: Record<string, unknown>[];
  /** What went into the audit log. */
  audited: AuditEntry[];
  /** How often somebody was told that a delivery waits. */
  nudges: () => number;
  /**
   * Posts a body, signed with {@link SECRET} unless the headers say otherwise; a header given as `null` is left out. Settles when what goes on
   * after the answer has ended too.
   */
  post(body: unknown, headers?: Record<string, string | null>): Promise<Response>;
}

export interface MemoryInbox extends DeliveryStore {
  rows: Map<string, { delivery: Delivery; workflowId: string | null }>;
}

export interface FakeControl extends MirrorControl {
  events: RepoEvent[];
  decisions: Parameters<MirrorControl['decide']>[];
  /** While true nothing gets through. */
  isDown: boolean;
}

export const SECRET = "It's a Secret to Everybody";

/** GitHub as a sender of webhooks: its user is the account whose stars are mirrored. */
export interface Sender {
  model: GithubModel;
  payloads: WebhookPayloads;
}

export function createSender(): Sender {
  const model = createGithubModel('ann');
  const bases = { web: 'https://github.com', api: 'https://api.github.com', clone: 'https://github.com' };
  return { model, payloads: createPayloads(model, () => bases) };
}

/** Of a record with nothing in it. */
export const FIGURES: Figures = {
  ...{ byStatus: {}, total: 0, safe: 0, stale: 0, lastFullAt: null, budget: null },
  ...{ oldestSuccessSeconds: 0, pendingDeletions: { time: 0, person: 0 } },
};

/** {@link createSender}'s user. */
export const OWN_ID = '41000001';

export function createReceiver(changes: Partial<ApiPorts> = {}): Receiver {
  const inbox = memoryInbox();
  const control = fakeControl();
  const logged: Record<string, unknown>[] = [];
  const audited: AuditEntry[] = [];
  const afterwards: Promise<void>[] = [];
  let nudged = 0;
  const ports: ApiPorts = {
    deliveries: inbox,
    accounts: accountOf(OWN_ID),
    audit: {
      append: async (entry) => {
        audited.push(entry);
        return { eventId: String(audited.length) } as AuditEvent;
      },
    },
    mirrors: {
      countFallbacks: async () => ({}),
    } as Partial<MirrorStore> as MirrorStore,
    alerts: { countOpen: async () => ({}) },
    figures: { read: async () => FIGURES },
    control,
    secrets: [SECRET],
    addresses: { allows: () => true },
    clientAddress: () => '203.0.113.7',
    onWaiting: () => (nudged += 1),
    afterwards: (work) => void afterwards.push(work),
    draining: () => false,
    log: pino({ level: 'trace' }, { write: (line: string) => logged.push(JSON.parse(line) as never) }),
    ...changes,
  };
  const app = createApp(ports);
  const post = async (body: unknown, headers: Record<string, string | null> = {}) => {
    const response = await app.request('/webhooks/github', { method: 'POST', ...signed(body, headers) });
    await Promise.all(afterwards.splice(0));
    return response;
  };
  return { app, ports, inbox, control, logged, audited, nudges: () => nudged, post };
}

/** What a delivery is sent with. @param body anything but a string or bytes is sent as JSON */
export function signed(
  body: unknown,
  changes: Record<string, string | null> = {},
  secret = SECRET,
): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } {
  const bytes = new Uint8Array(body instanceof Uint8Array ? body : Buffer.from(textOf(body)));
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-github-delivery': randomUUID(),
    'x-github-hook-id': '109948940',
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`,
    ...changes,
  };
  return { body: bytes, headers: Object.fromEntries(Object.entries(headers).filter(isSet)) };
}

/** What the counter of deliveries says. */
export async function counted(event: string, outcome: string): Promise<number> {
  const { values } = await deliveriesTotal.get();
  return values.find(({ labels }) => labels.event === event && labels.outcome === outcome)?.value ?? 0;
}

export function accountOf(externalId: string): ApiPorts['accounts'] {
  const account = { accountId: `github-${externalId}`, externalId, login: 'ann' };
  return { current: async () => account, save: async () => account };
}

export function fakeControl(): FakeControl {
  const reach = () => {
    if (control.isDown) throw new Failure('TemporalUnavailable', 'Temporal: connection refused');
  };
  const control: FakeControl = {
    events: [],
    decisions: [],
    isDown: false,
    repoEvent: async (event) => {
      reach();
      control.events.push(event);
      return { workflowId: `mirror-github-${event.repoId}` };
    },
    decide: async (...decision) => {
      reach();
      control.decisions.push(decision);
      return { workflowId: `mirror-github-${decision[0].repoId}` };
    },
    reconcile: async () => reach(),
    drainInbox: async () => reach(),
    startBatch: async ({ batchId }) => {
      reach();
      return { workflowId: `batch-${batchId}` };
    },
    cancelBatch: async () => {
      reach();
      return { found: true };
    },
    sendAlerts: async () => reach(),
    ping: async () => reach(),
  };
  return control;
}

function memoryInbox(): MemoryInbox {
  const rows: MemoryInbox['rows'] = new Map();
  const open = () => [...rows.values()].filter((row) => row.workflowId === null && row.delivery.repoEvent !== null);
  return {
    rows,
    take: async (delivery) => {
      const known = rows.get(delivery.guid);
      if (known) return known.workflowId === null && known.delivery.repoEvent !== null ? 'waiting' : 'done';
      rows.set(delivery.guid, { delivery, workflowId: null });
      return 'new';
    },
    markDispatched: async (guid, workflowId) => {
      const row = rows.get(guid);
      if (row) row.workflowId = workflowId;
    },
    waiting: async () =>
      open().map(({ delivery }) => ({ guid: delivery.guid, repoEvent: delivery.repoEvent as RepoEvent })),
    backlog: async () => ({ count: open().length, oldestSeconds: 0 }),
  };
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : toJson(body);
}

function isSet(entry: [string, string | null]): entry is [string, string] {
  return entry[1] !== null;
}
