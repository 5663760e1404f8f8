import { z } from 'zod';
import type { RepoEventKind } from '../domain/events.ts';
import { isFullName } from '../domain/names.ts';

/**
 * The shapes of the deliveries we use: looser than GitHub's own schemas, which real payloads often miss, and naming only what we read. The
 * signature covers the body and not the event header, so a body has to fit its header to count.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads
 */

/** Ids beyond 2^53 arrive as bigint from the parser; all of them leave as strings. */
const id = z
  .union([z.number().int().positive(), z.bigint().positive()])
  .transform(String)
  .refine((text) => text.length <= 20, 'longer than an id');

const repository = z.object({
  id,
  full_name: z.string().refine(isFullName, 'not OWNER/NAME'),
});

/** Apps have brackets in their logins: `dependabot[bot]`. */
const sender = z.object({ id, login: z.string().regex(/^[^\s\p{C}]{1,100}$/u, 'not a login') });

/** Of another event. */
const foreign = z.undefined('belongs to another event').optional();

const star = z.object({
  action: z.enum(['created', 'deleted']),
  /** `null` on `deleted`, but always there; nothing else tells a new star from a new repository. */
  starred_at: z.string().nullable(),
  repository,
  sender,
});

const objectId = z.string().regex(/^[0-9a-f]{40,64}$/);

const push = z.object({
  ref: z.string().startsWith('refs/'),
  before: objectId,
  after: objectId,
  repository,
});

/** Public and repository have nothing of their own that would tell them from the others. */
const plain = { repository, starred_at: foreign, ref: foreign, hook_id: foreign, zen: foreign };

const repositoryEvent = z.object({ action: z.string().regex(/^\w{1,100}$/), ...plain });

const REPOSITORY_ACTIONS = [
  'created',
  'archived',
  'unarchived',
  'renamed',
  'transferred',
  'edited',
  'privatized',
  'publicized',
  'deleted',
];

const madePublic = z.object({ action: foreign, ...plain });

const ping = z.object({
  zen: z.string(),
  hook_id: id.optional(),
  hook: z.looseObject({ config: z.looseObject({ content_type: z.string().optional() }).optional() }).optional(),
});

const meta = z.object({ action: z.literal('deleted'), hook_id: id, repository: repository.optional() });

/** What a delivery comes to. */
export interface ReadDelivery {
  action: string | null;
  repository: { id: string; fullName: string } | null;
  sender: { id: string; login: string } | null;
  /** `null`: nothing to do. */
  kind: RepoEventKind | null;
  /** Why there is nothing to do. */
  ignored: string | null;
}

export const USED_EVENTS = ['star', 'push', 'repository', 'public', 'meta', 'ping'] as const;

export type UsedEvent = (typeof USED_EVENTS)[number];

export function isUsedEvent(event: string): event is UsedEvent {
  return (USED_EVENTS as readonly string[]).includes(event);
}

/**
 * Reads a body as the event its header names.
 * @returns the delivery, or a sentence that says where the body does not fit
 */
export function readDelivery(event: UsedEvent, body: unknown): ReadDelivery | string {
  switch (event) {
    case 'star':
      return read(star, body, ({ action, repository, sender }) => ({
        ...about(repository, action),
        sender,
        kind: action === 'created' ? 'starred' : 'unstarred',
      }));
    case 'push':
      return read(push, body, ({ repository }) => ({ ...about(repository, null), kind: 'changed' }));
    case 'repository':
      return read(repositoryEvent, body, ({ repository, action }) =>
        REPOSITORY_ACTIONS.includes(action)
          ? { ...about(repository, action), kind: 'changed' }
          : { ...about(repository, action), ignored: `the action ${action} is not used` },
      );
    case 'public':
      return read(madePublic, body, ({ repository }) => ({ ...about(repository, null), kind: 'changed' }));
    case 'meta':
      return read(meta, body, ({ repository, action }) => ({
        ...about(repository ?? null, action),
        ignored: 'the webhook was deleted at GitHub',
      }));
    case 'ping':
      return read(ping, body, () => ({ ...about(null, null), ignored: 'ping' }));
  }
}

function read<T>(schema: z.ZodType<T>, body: unknown, build: (value: T) => ReadDelivery): ReadDelivery | string {
  const parsed = schema.safeParse(body);
  if (parsed.success) return build(parsed.data);
  const [issue] = parsed.error.issues;
  return `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'does not fit'}`;
}

function about(repository: { id: string; full_name: string } | null, action: string | null): ReadDelivery {
  return {
    action,
    repository: repository && { id: repository.id, fullName: repository.full_name },
    sender: null,
    kind: null,
    ignored: null,
  };
}
