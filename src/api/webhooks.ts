import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { verifyWithFallback } from '@octokit/webhooks-methods';
import type { Context, Hono } from 'hono';
import { JSONParse } from 'json-with-bigint';
import type { Logger } from 'pino';
import { Failure } from '../domain/failures.ts';
import type { RepoEvent } from '../domain/events.ts';
import type { AccountStore, Delivery, DeliveryStore, MirrorControl, Taken } from '../domain/ports.ts';
import { deliveriesTotal, deliverySeconds } from '../metrics.ts';
import type { AddressCheck } from './addresses.ts';
import { readBody } from './body.ts';
import { within } from './deadline.ts';
import { isUsedEvent, readDelivery, type ReadDelivery } from './github-events.ts';
import { problem } from './problem.ts';

export interface WebhookPorts {
  deliveries: DeliveryStore;
  accounts: AccountStore;
  control: MirrorControl;
  /** The current secret first, then the previous one during a rotation; none: every delivery is refused. */
  secrets: string[];
  addresses: AddressCheck;
  clientAddress: (c: Context) => string;
  /** Told when a delivery had to stay in the inbox. */
  onWaiting: () => void;
  log: Logger;
}

const RETRY_AFTER_SECONDS = 30;

/** GitHub gives a delivery 10 s in all, so each thing that may hang gets its share: 9 s together. */
const ACCOUNT_DEADLINE_MS = 1_000;
const STORE_DEADLINE_MS = 3_000;
const DISPATCH_DEADLINE_MS = 3_500;
const MARK_DEADLINE_MS = 1_500;

/** What a request came to: the answer, and the word it is counted under. */
interface Answer {
  outcome: string;
  response: Response;
}

/**
 * `POST /webhooks/github`: address → size → signature over the raw bytes → parse and validate → one insert → signal with a deadline → mark → 202.
 *
 * Nothing is acknowledged before it is durable: in the inbox, or, when Postgres is down, in Temporal. If we die after the insert, the
 * delivery is found waiting and dispatched by `drainInbox`; if we die after the signal, it is dispatched once more, which is harmless.
 */
export function mountWebhooks(app: Hono, ports: WebhookPorts): void {
  app.post('/webhooks/github', async (c) => {
    const stop = deliverySeconds.startTimer();
    const event = c.req.header('x-github-event') ?? '';
    let outcome = 'error';
    try {
      const answer = await receive(c, ports);
      outcome = answer.outcome;
      return answer.response;
    } finally {
      deliveriesTotal.inc({ event: isUsedEvent(event) ? event : 'other', outcome });
      stop();
    }
  });
  // What a person sees who opens the address in a browser, to try a proxy.
  app.all('/webhooks/github', (c) => {
    const detail =
      'This is the address for GitHub’s webhooks; they arrive by POST. That you see this means the way here works.';
    const response = problem(c, 405, 'Method not allowed', detail);
    response.headers.set('allow', 'POST');
    return response;
  });
}

async function receive(c: Context, ports: WebhookPorts): Promise<Answer> {
  const address = ports.clientAddress(c);
  const refuse = (
    outcome: string,
    status: 400 | 401 | 403 | 413 | 415 | 408,
    title: string,
    detail: string,
  ): Answer => {
    ports.log.warn({ outcome, address, deliveryId: deliveryId(c) ?? undefined, detail }, 'webhook refused');
    return { outcome, response: problem(c, status, title, detail) };
  };

  if (!ports.addresses.allows(address)) {
    return refuse(
      'address',
      403,
      'Address not allowed',
      'Deliveries from this address are not accepted (STARKEEP_WEBHOOK_ALLOW).',
    );
  }
  const contentType = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (contentType !== 'application/json') {
    const hint = "Set the webhook's content type to application/json (Settings, Webhooks, Edit: Content type).";
    const what = contentType ? contentType.slice(0, 100) : 'of no type';
    return refuse('content_type', 415, 'Not JSON', `The delivery is ${what}. ${hint}`);
  }
  const body = await readBody(c.req.raw);
  if (!body.ok) {
    if (body.why === 'too_large') return refuse('too_large', 413, 'Too large', 'A delivery has at most 25 MB.');
    return refuse('slow_body', 408, 'Body incomplete', 'The body did not arrive in time.');
  }
  const signature = c.req.header('x-hub-signature-256');
  // Octokit's verifier takes text that is not empty, and anything else cannot be a delivery.
  if (signature && ports.secrets.length > 0 && (body.bytes.length === 0 || !isUtf8(body.bytes)))
    return refuse('malformed', 400, 'Malformed', 'The body is empty or not UTF-8 text.');
  if (!(await signatureFits(body.bytes, signature, ports.secrets))) {
    const detail =
      ports.secrets.length === 0
        ? 'GITHUB_WEBHOOK_SECRET is not set, so no delivery can be verified.'
        : 'X-Hub-Signature-256 is missing or does not fit the body and GITHUB_WEBHOOK_SECRET.';
    return refuse('signature', 401, 'Signature missing or wrong', detail);
  }

  const guid = deliveryId(c);
  const event = c.req.header('x-github-event') ?? '';
  if (guid === null) return refuse('malformed', 400, 'Malformed', 'X-GitHub-Delivery is missing or not a delivery id.');
  if (!/^\w{1,100}$/.test(event))
    return refuse('malformed', 400, 'Malformed', 'X-GitHub-Event is missing or not an event name.');
  const parsed = parse(event, body.bytes);
  if (typeof parsed === 'string') return refuse('malformed', 400, 'Malformed', parsed);

  const hookId = /^\d{1,20}$/.exec(c.req.header('x-github-hook-id') ?? '')?.[0] ?? null;
  return accept(c, ports, await delivery({ guid, event, hookId, bytes: body.bytes, parsed }, ports));
}

/** @returns the guid GitHub gave the event; `null` when there is none, or something that is none */
function deliveryId(c: Context): string | null {
  return /^[\w.:-]{1,128}$/.exec(c.req.header('x-github-delivery') ?? '')?.[0] ?? null;
}

/** @returns the delivery, or why the body is malformed */
function parse(event: string, bytes: Buffer): ReadDelivery | string {
  let json: unknown;
  try {
    // Ids may exceed 2^53, which JSON.parse would round without a word.
    json = JSONParse(bytes.toString('utf8'));
  } catch {
    return 'The body is not JSON.';
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'The body is not a JSON object.';
  if (!isUsedEvent(event)) {
    return { action: null, repository: null, sender: null, kind: null, ignored: `the event ${event} is not used` };
  }
  const read = readDelivery(event, json);
  return typeof read === 'string' ? `The body does not fit the event ${event} (${read}).` : read;
}

async function signatureFits(bytes: Buffer, signature: string | undefined, secrets: string[]): Promise<boolean> {
  const [secret, ...previous] = secrets;
  if (!secret || !signature) return false;
  return verifyWithFallback(secret, bytes.toString('utf8'), signature, previous);
}

interface Verified {
  guid: string;
  event: string;
  hookId: string | null;
  bytes: Buffer;
  parsed: ReadDelivery;
}

async function delivery({ guid, event, hookId, bytes, parsed }: Verified, ports: WebhookPorts): Promise<Delivery> {
  const { repository, action } = parsed;
  const ignored = parsed.ignored ?? (await notOurStar(event, parsed, ports));
  const repoEvent: RepoEvent | null =
    ignored !== null || !repository || !parsed.kind
      ? null
      : {
          kind: parsed.kind,
          repoId: repository.id,
          fullName: repository.fullName,
          trigger: 'webhook',
          correlationId: guid,
          deliveryId: guid,
        };
  return {
    guid,
    hookId,
    bodySha256: createHash('sha256').update(bytes).digest('hex'),
    event,
    action,
    repoId: repository?.id ?? null,
    fullName: repository?.fullName ?? null,
    correlationId: guid,
    repoEvent,
    ignoredReason: repoEvent === null ? (ignored ?? 'nothing to do') : null,
  };
}

/** Everybody's star of a repository with our hook arrives here; only our own account's says what we want kept. */
async function notOurStar(
  event: string,
  { sender }: ReadDelivery,
  { accounts, log }: WebhookPorts,
): Promise<string | null> {
  if (event !== 'star' || !sender) return null;
  try {
    const account = await within(ACCOUNT_DEADLINE_MS, 'DatabaseUnavailable', () => accounts.current());
    if (!account || account.externalId === sender.id) return null;
    return `the star is ${sender.login}'s, not ours`;
  } catch (error) {
    // Without the record nobody knows whose star it is; the workflow asks GitHub anyway.
    log.warn({ reason: reasonOf(error) }, 'account not known, star taken as a hint');
    return null;
  }
}

async function accept(c: Context, ports: WebhookPorts, taken: Delivery): Promise<Answer> {
  const stored = await store(ports, taken);
  const { guid, event, repoEvent, ignoredReason } = taken;
  const fields = { deliveryId: guid, correlationId: guid, event, repoId: taken.repoId };
  if (repoEvent === null) {
    if (event === 'meta') ports.log.error({ ...fields }, 'our webhook was deleted at GitHub');
    else ports.log.info({ ...fields, reason: ignoredReason }, 'delivery ignored');
    return { outcome: 'ignored', response: c.json({ ignored: ignoredReason }) };
  }
  if (stored === 'done') {
    ports.log.info(fields, 'delivery is a duplicate');
    return { outcome: 'duplicate', response: c.json({ duplicate: true }) };
  }

  const workflowId = await dispatch(ports, repoEvent);
  if (workflowId === null && stored === 'lost') {
    const detail = 'Neither Postgres nor Temporal can take the delivery now. Redeliver it later.';
    const response = problem(c, 503, 'Nothing to keep it in', detail);
    response.headers.set('retry-after', String(RETRY_AFTER_SECONDS));
    return { outcome: 'unavailable', response };
  }
  if (workflowId === null) ports.onWaiting();
  else if (stored !== 'lost') await markDispatched(ports, guid, workflowId);
  ports.log.info({ ...fields, dispatched: workflowId !== null }, 'delivery accepted');
  const body = { delivery: guid, workflowId: workflowId ?? `mirror-github-${repoEvent.repoId}` };
  return { outcome: workflowId === null ? 'waiting' : 'accepted', response: c.json(body, 202) };
}

/** @returns `lost` when Postgres cannot be reached */
async function store({ deliveries, log }: WebhookPorts, taken: Delivery): Promise<Taken | 'lost'> {
  try {
    return await within(STORE_DEADLINE_MS, 'DatabaseUnavailable', () => deliveries.take(taken));
  } catch (error) {
    log.error({ deliveryId: taken.guid, reason: reasonOf(error) }, 'delivery could not be stored');
    return 'lost';
  }
}

/** @returns the workflow id, `null` when Temporal cannot be reached */
async function dispatch({ control, log }: WebhookPorts, event: RepoEvent): Promise<string | null> {
  try {
    const reached = await within(DISPATCH_DEADLINE_MS, 'TemporalUnavailable', () => control.repoEvent(event));
    return reached.workflowId;
  } catch (error) {
    log.error({ deliveryId: event.deliveryId, reason: reasonOf(error) }, 'delivery could not be dispatched');
    return null;
  }
}

/** If we die here, or fail, the delivery was dispatched and is dispatched once more later, which is harmless. */
async function markDispatched({ deliveries, log }: WebhookPorts, guid: string, workflowId: string): Promise<void> {
  try {
    await within(MARK_DEADLINE_MS, 'DatabaseUnavailable', () => deliveries.markDispatched(guid, workflowId));
  } catch (error) {
    log.warn({ deliveryId: guid, reason: reasonOf(error) }, 'delivery could not be marked');
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Failure ? `${error.kind}: ${error.message}` : String(error);
}
