import { createHash } from 'node:crypto';
import type { Context, Hono } from 'hono';
import type { Logger } from 'pino';
import { Failure } from '../domain/failures.ts';
import type { RepoEvent } from '../domain/events.ts';
import type { MirrorControl } from '../domain/ports.ts';
import type { AccountStore, Delivery, DeliveryStore, Taken } from '../domain/record-stores.ts';
import type { AuditStore } from '../domain/service-stores.ts';
import { deliveriesTotal, deliverySeconds } from '../metrics.ts';
import type { AddressCheck } from './addresses.ts';
import { createAttempts, type AttemptLog } from './attempts.ts';
import { BODY_TIMEOUT_MS, declaredBytes, MAX_DELIVERY_BYTES, readBody } from './body.ts';
import { within } from '../deadline.ts';
import { isUsedEvent, readDelivery, type ReadDelivery, USED_EVENTS } from './github-events.ts';
import { readJson } from './json.ts';
import { problem } from './problem.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { createRoom, type Room } from './room.ts';
import { checkSignature } from './signature.ts';

export interface WebhookPorts {
  deliveries: DeliveryStore;
  accounts: AccountStore;
  audit: Pick<AuditStore, 'append'>;
  control: MirrorControl;
  /** The current secret first, then the previous one during a rotation; none: every delivery is refused. */
  secrets: string[];
  addresses: AddressCheck;
  clientAddress: (c: Context) => string;
  /** Told when a delivery had to stay in the inbox. */
  onWaiting: () => void;
  /** Given what goes on after the answer, and never fails: whoever ends the process waits for it. */
  afterwards: (work: Promise<void>) => void;
  log: Logger;
  /** Runs work so that whatever is logged in it carries these fields. */
  withLogFields?: <T>(fields: Record<string, unknown>, work: () => Promise<T>) => Promise<T>;
}

const RETRY_AFTER_SECONDS = 30;

/** GitHub gives a delivery 10 s in all, so each thing that it waits for gets its share: 7.5 s together. */
const ACCOUNT_DEADLINE_MS = 1_000;
const STORE_DEADLINE_MS = 3_000;
const DISPATCH_DEADLINE_MS = 3_500;

/** Nobody waits for it but a process that ends. */
const MARK_DEADLINE_MS = 1_500;

/** What a request came to: the answer, and the word it is counted under. */
interface Answer {
  outcome: string;
  response: Response;
}

/** Why a delivery is not taken. */
interface Refused {
  outcome: 'address' | 'content_type' | 'too_large' | 'no_room' | 'slow_body' | 'signature' | 'malformed';
  status: 400 | 401 | 403 | 408 | 413 | 415;
  title: string;
  detail: string;
}

/** What stands between strangers and the inbox, for all requests together. */
interface Door {
  attempts: AttemptLog;
  refusals: Refusals;
  room: Room;
  /** The mark that goes on after the answer, by guid: whoever brings the same delivery again waits for it, and is told that it is a duplicate. */
  marking: Map<string, Promise<void>>;
}

/** What GitHub sees as failed, and does not send again by itself: counted from 0, so that the first is an increase for who watches. */
const LOST = ['unavailable', 'error'];

/**
 * `POST /webhooks/github`: address → size → signature over the raw bytes → parse and validate → one insert → signal with a deadline → 202 → mark.
 *
 * Nothing is acknowledged before it is durable: in the inbox, or, when Postgres is down, in Temporal. If we die after the insert, the
 * delivery is found waiting and dispatched by `drainInbox`; if we die before the mark, it is dispatched once more, which is harmless. So the
 * sender does not wait for the mark.
 *
 * Who sends much that is not GitHub's is slowed, never shut out: GitHub's own addresses also carry what other people's webhooks send here,
 * so that only the signature can say what is genuine. What such an address gets is what everybody gets, 401, but later (`refusals`), and
 * its large bodies are read after everybody else's (`room`).
 */
export function mountWebhooks(app: Hono, ports: WebhookPorts): void {
  const attempts = createAttempts();
  const refusals = createRefusals(ports, { message: 'webhook refused', action: 'webhook.refused' });
  const door: Door = { attempts, refusals, room: createRoom(attempts.standing), marking: new Map() };
  for (const event of USED_EVENTS) for (const outcome of LOST) deliveriesTotal.inc({ event, outcome }, 0);

  const take = async (c: Context): Promise<Response> => {
    const stop = deliverySeconds.startTimer();
    const event = c.req.header('x-github-event') ?? '';
    let outcome = 'error';
    try {
      const read = await receive(c, ports, door);
      const answer = 'status' in read ? await refuse(c, ports, door, read) : await accept(c, ports, door, read);
      outcome = answer.outcome;
      return answer.response;
    } finally {
      deliveriesTotal.inc({ event: isUsedEvent(event) ? event : 'other', outcome });
      stop();
    }
  };
  const { withLogFields = (_, work) => work() } = ports;
  app.post('/webhooks/github', (c) => {
    const guid = deliveryId(c) ?? undefined;
    return withLogFields({ deliveryId: guid, correlationId: guid }, () => take(c));
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

/** Nothing of the body is in what is told: only who sent it, and what is wrong with it. */
async function refuse(c: Context, ports: WebhookPorts, door: Door, refused: Refused): Promise<Answer> {
  const { outcome, status, title, detail } = refused;
  const address = ports.clientAddress(c);
  const attempt = door.attempts.failed(address);
  await door.refusals.tell(attempt, address, { outcome, deliveryId: deliveryId(c) ?? undefined, detail });
  if (outcome === 'signature') await door.refusals.holdBack(attempt);
  return { outcome, response: problem(c, status, title, detail) };
}

/** From the first look to a delivery that is GitHub's and of the right shape. */
async function receive(c: Context, ports: WebhookPorts, door: Door): Promise<Delivery | Refused> {
  const address = ports.clientAddress(c);
  if (!ports.addresses.allows(address)) {
    const detail = 'Deliveries from this address are not accepted (STARKEEP_WEBHOOK_ALLOW).';
    return { outcome: 'address', status: 403, title: 'Address not allowed', detail };
  }
  const contentType = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (contentType !== 'application/json') {
    const hint = "Set the webhook's content type to application/json (Settings, Webhooks, Edit: Content type).";
    const what = contentType ? contentType.slice(0, 100) : 'of no type';
    return { outcome: 'content_type', status: 415, title: 'Not JSON', detail: `The delivery is ${what}. ${hint}` };
  }
  const bytes = declaredBytes(c.req.raw) ?? MAX_DELIVERY_BYTES;
  if (bytes > MAX_DELIVERY_BYTES) return TOO_LARGE;
  const signature = checkSignature(c.req.header('x-hub-signature-256'), ports.secrets);
  if (signature === null) return unsigned(ports);

  const read = await door.room.hold({ bytes, address }, BODY_TIMEOUT_MS, async (timeoutMs) => {
    const body = await readBody(c.req.raw, { timeoutMs, onChunk: (chunk) => signature.update(chunk) });
    if (!body.ok) return body.why === 'too_large' ? TOO_LARGE : TOO_SLOW;
    if (!signature.fits()) return unsigned(ports);
    door.attempts.succeeded(address);
    return verified(c, body.bytes);
  });
  if (read === null) {
    const detail = 'There was no room to read the body in time: too many arrive at once. Redeliver it later.';
    return { outcome: 'no_room', status: 408, title: 'Body not read', detail };
  }
  return 'status' in read ? read : delivery(read, ports);
}

/** What is kept of a body that is GitHub's: nothing more than a delivery needs, so that the body itself can go. */
function verified(c: Context, bytes: Buffer): Verified | Refused {
  const guid = deliveryId(c);
  const event = c.req.header('x-github-event') ?? '';
  if (guid === null) return malformed('X-GitHub-Delivery is missing or not a delivery id.');
  if (!/^\w{1,100}$/.test(event)) return malformed('X-GitHub-Event is missing or not an event name.');
  const parsed = parse(event, bytes);
  if (typeof parsed === 'string') return malformed(parsed);

  const hookId = /^\d{1,20}$/.exec(c.req.header('x-github-hook-id') ?? '')?.[0] ?? null;
  return { guid, event, hookId, bodySha256: createHash('sha256').update(bytes).digest('hex'), parsed };
}

const TOO_SLOW: Refused = {
  outcome: 'slow_body',
  status: 408,
  title: 'Body incomplete',
  detail: 'The body did not arrive in time.',
};

const TOO_LARGE: Refused = {
  outcome: 'too_large',
  status: 413,
  title: 'Too large',
  detail: 'A delivery has at most 25 MB.',
};

function unsigned({ secrets }: WebhookPorts): Refused {
  const detail =
    secrets.length === 0
      ? 'GITHUB_WEBHOOK_SECRET is not set, so no delivery can be verified.'
      : 'X-Hub-Signature-256 is missing or does not fit the body and GITHUB_WEBHOOK_SECRET.';
  return { outcome: 'signature', status: 401, title: 'Signature missing or wrong', detail };
}

function malformed(detail: string): Refused {
  return { outcome: 'malformed', status: 400, title: 'Malformed', detail };
}

/** @returns the guid GitHub gave the event; `null` when there is none, or something that is none */
function deliveryId(c: Context): string | null {
  return /^[\w.:-]{1,128}$/.exec(c.req.header('x-github-delivery') ?? '')?.[0] ?? null;
}

/** @returns the delivery, or why the body is malformed */
function parse(event: string, bytes: Buffer): ReadDelivery | string {
  const json = readJson(bytes);
  if (!json.ok) return json.problem;
  if (typeof json.value !== 'object' || json.value === null || Array.isArray(json.value))
    return 'The body is not a JSON object.';
  if (!isUsedEvent(event)) {
    return { action: null, repository: null, sender: null, kind: null, ignored: `the event ${event} is not used` };
  }
  const read = readDelivery(event, json.value);
  return typeof read === 'string' ? `The body does not fit the event ${event} (${read}).` : read;
}

interface Verified {
  guid: string;
  event: string;
  hookId: string | null;
  bodySha256: string;
  parsed: ReadDelivery;
}

async function delivery({ guid, event, hookId, bodySha256, parsed }: Verified, ports: WebhookPorts): Promise<Delivery> {
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
    bodySha256,
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

async function accept(c: Context, ports: WebhookPorts, { marking }: Door, taken: Delivery): Promise<Answer> {
  await marking.get(taken.guid);
  const stored = await store(ports, taken);
  const { guid, event, repoEvent, ignoredReason } = taken;
  const mirrorId = taken.repoId === null ? undefined : `github-${taken.repoId}`;
  const fields = { deliveryId: guid, correlationId: guid, event, repoId: taken.repoId, mirrorId };
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
  else if (stored !== 'lost') {
    const mark = markDispatched(ports, guid, workflowId).finally(() => marking.delete(guid));
    marking.set(guid, mark);
    ports.afterwards(mark);
  }
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
