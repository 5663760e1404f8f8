import { beforeEach, describe, expect, it } from 'vitest';
import { createV1, type V1Ports } from '../../../src/api/v1/app.ts';
import { createFeed } from '../../../src/api/feed.ts';
import { historyOf } from '../../../src/domain/archives.ts';
import { Failure, type FailureKind } from '../../../src/domain/failures.ts';
import { adoptSettingKey } from '../../../src/domain/keys.ts';
import { parsePayloadKeys } from '../../../src/domain/payload-keys.ts';
import { repository } from '../../adapters/postgres/test-store.ts';
import { fillRecord } from './full-record.ts';
import {
  type Answer,
  type AskOptions,
  type DocumentedOperation,
  deskOf,
  documentedOperations,
  withApi,
} from './world.ts';

/**
 * Every answer that the document has for an operation is given, in every media type, and is of the shape that it says ({@link withApi} holds each to
 * that). There is none that cannot be provoked: what fails on our side is behind a port.
 */

/** What fails while it is set. */
let failing: { at: 'keys' | 'outside' | 'codec'; how: Error } | null = null;
const unless = (at: NonNullable<typeof failing>['at']) => {
  if (failing?.at === at) throw failing.how;
};
/** What became of an idempotency key, where it is not the record that says so. */
let repeated: 'under_way' | 'other' | null = null;

const KEYS = parsePayloadKeys(`one:${Buffer.alloc(32, 1).toString('base64')}`);

const found = { ok: true, facts: [], problem: null, whatToDo: null };

const world = withApi((store) => ({
  feed: createFeed(),
  settleKeys: async () => unless('keys'),
  source: {
    repositoryByName: async (fullName) => {
      unless('outside');
      return fullName === 'torvalds/linux'
        ? { found: 'yes', repository: repository('99', { fullName }) }
        : { found: 'gone' };
    },
  },
  starList: async () => (unless('outside'), { repositories: [], incompleteWhy: null }),
  archives: {
    history: async () => {
      unless('outside');
      const [main, old] = ['refs/heads/main', 'refs/starkeep/2026-11-23T142530.123Z/main'];
      return historyOf({
        head: main,
        refs: [
          { name: main, oid: 'a'.repeat(40) },
          { name: old, oid: 'b'.repeat(40) },
        ],
      });
    },
    restore: async () => ({ name: 'refs/heads/restored/x/main', created: true }),
    gitRemote: ({ path }) => ({ url: `https://onedev.example.org/${path}.git`, auth: { kind: 'none' } }),
  },
  codec: { decode: async (payloads) => (unless('codec'), payloads) },
  settingsDesk: deskOf(store, async () => found, KEYS),
  answers: {
    begin: async (request) => (repeated === null ? world.store.answers.begin(request) : { state: repeated }),
    finish: async (...answer) => world.store.answers.finish(...answer),
    forgetOld: async () => world.store.answers.forgetOld(),
  },
}));

beforeEach(async () => {
  failing = null;
  repeated = null;
  await fillRecord(world);
});

/** One request: its path, where it is not the operation's own, and what else is asked with it. */
type Ask = Omit<AskOptions, 'headers'> & {
  path?: string;
  headers?: Record<string, string> | (() => Promise<Record<string, string>>);
  before?: () => unknown;
};

interface Case {
  /** What goes well. Several where the answer comes in several media types. */
  good: Ask | Ask[];
  /** What only this operation refuses, or refuses in its own way, by status. */
  bad?: Record<number, Ask>;
}

const fail = (at: NonNullable<typeof failing>['at'], kind: FailureKind) => () =>
  void (failing = { at, how: new Failure(kind, 'connection refused') });

/** Mirrors of {@link fillRecord} by their state. */
const ID = {
  pending: 'github-1',
  completed: 'github-3',
  waiting: 'github-6',
  deleted: 'github-7',
  paused: 'github-10',
};
const NOBODY = 'github-404';

const oldTip = { branch: 'main' };

/** A browser's session, as its cookie. */
const withSession = async (): Promise<Record<string, string>> => {
  const { headers } = await world.ask('POST', '/session', { as: null, body: { key: world.keys.admin } });
  const [cookie = ''] = (headers.get('set-cookie') ?? '').split(';');
  return { cookie, 'sec-fetch-site': 'same-origin' };
};
const told = (path: string, id: string, refused: string): [string, Case] => [
  `POST /mirrors/{id}/${path}`,
  {
    good: { path: `/mirrors/${id}/${path}` },
    bad: { 404: { path: `/mirrors/${NOBODY}/${path}` }, 409: { path: `/mirrors/${refused}/${path}` } },
  },
];

const read = (template: string, id: string, nobody: string): [string, Case] => [
  `GET ${template}`,
  { good: { path: template.replace(/{.+}/, id) }, bad: { 404: { path: template.replace(/{.+}/, nobody) } } },
];

const CASES: Record<string, Case> = Object.fromEntries<Case>([
  ['GET /events', { good: { path: '/events?lastEventId=0' }, bad: { 400: { path: '/events?lastEventId=x' } } }],
  ['GET /mirrors', { good: [{}, { headers: { accept: 'text/csv' } }] }],
  ['GET /audit', { good: [{}, { headers: { accept: 'application/x-ndjson' } }] }],
  read('/mirrors/{id}', ID.completed, NOBODY),
  read('/mirrors/{id}/syncs', ID.completed, NOBODY),
  read('/mirrors/{id}/timeline', ID.completed, NOBODY),
  read('/batches/{id}', '1', '404'),
  read('/deliveries/{guid}', 'guid-1', 'guid-404'),
  [
    'GET /mirrors/{id}/history',
    {
      good: { path: `/mirrors/${ID.completed}/history` },
      bad: {
        404: { path: `/mirrors/${NOBODY}/history` },
        409: { path: `/mirrors/${ID.pending}/history` },
        502: { path: `/mirrors/${ID.completed}/history`, before: fail('outside', 'TargetError') },
      },
    },
  ],
  [
    'POST /mirrors',
    {
      good: { body: { fullName: 'torvalds/linux' } },
      bad: {
        404: { body: { fullName: 'ada/nowhere' } },
        502: { body: { fullName: 'torvalds/linux' }, before: fail('outside', 'SourceUnauthorized') },
      },
    },
  ],
  told('sync', ID.completed, ID.paused),
  told('pause', ID.completed, ID.paused),
  told('resume', ID.paused, ID.completed),
  told('approve-deletion', ID.waiting, ID.completed),
  told('cancel-deletion', ID.waiting, ID.completed),
  told('keep', ID.completed, ID.deleted),
  [
    'POST /mirrors/{id}/delete',
    {
      good: { path: `/mirrors/${ID.waiting}/delete`, body: { confirm: 'ada/pending-deletion' } },
      bad: {
        404: { path: `/mirrors/${NOBODY}/delete`, body: { confirm: 'ada/nobody' } },
        409: { path: `/mirrors/${ID.completed}/delete`, body: { confirm: 'ada/completed' } },
      },
    },
  ],
  [
    'POST /mirrors/{id}/restore',
    {
      good: { path: `/mirrors/${ID.completed}/restore`, body: oldTip },
      bad: {
        404: { path: `/mirrors/${NOBODY}/restore`, body: oldTip },
        409: { path: `/mirrors/${ID.pending}/restore`, body: oldTip },
        502: { path: `/mirrors/${ID.completed}/restore`, body: oldTip, before: fail('outside', 'TargetError') },
      },
    },
  ],
  [
    'POST /deliveries/{guid}/replay',
    {
      good: { path: '/deliveries/guid-2/replay' },
      bad: { 404: { path: '/deliveries/guid-404/replay' }, 409: { path: '/deliveries/guid-3/replay' } },
    },
  ],
  [
    'POST /batches',
    {
      good: { body: { selection: { kind: 'failed' } } },
      bad: { 422: { body: { selection: { kind: 'filter', filters: { MIN_STARS: 'many' } } } } },
    },
  ],
  [
    'POST /batches/{id}/cancel',
    {
      good: { path: '/batches/1/cancel' },
      bad: { 404: { path: '/batches/404/cancel' }, 409: { path: '/batches/2/cancel' } },
    },
  ],
  [
    'POST /filters/preview',
    {
      good: { body: {} },
      bad: {
        422: { body: { filters: { MIN_STARS: 'many' } } },
        502: { body: { from: 'github' }, before: fail('outside', 'SourceUnauthorized') },
      },
    },
  ],
  [
    'POST /readings/{id}/ask',
    {
      good: { path: '/readings/2/ask' },
      bad: { 404: { path: '/readings/404/ask' }, 409: { path: '/readings/1/ask' } },
    },
  ],
  [
    'POST /keys',
    {
      good: { body: { name: 'robot', scope: 'read' } },
      bad: { 409: { body: { name: 'read key', scope: 'read' } } },
    },
  ],
  [
    'DELETE /keys/{id}',
    {
      good: { path: '/keys/1' },
      bad: {
        404: { path: '/keys/404' },
        409: { path: '/keys/4', before: () => adoptSettingKey(world.store, 'a key that somebody thought up') },
      },
    },
  ],
  [
    'POST /codec/decode',
    {
      good: { body: { payloads: [] } },
      bad: { 409: { body: { payloads: [] }, before: fail('codec', 'PayloadKeyMissing') } },
    },
  ],
  [
    'POST /settings',
    {
      good: { body: { settings: { STARKEEP_LFS: 'off' } } },
      bad: { 422: { body: { settings: { STARKEEP_LFS: 'maybe' } } } },
    },
  ],
  [
    'POST /settings/test',
    {
      good: { body: { what: 'github' } },
      bad: { 422: { body: { what: 'github', settings: { GITHUB_API_URL: 'nowhere' } } } },
    },
  ],
  ['POST /reconcile', { good: { body: { full: true } } }],
  [
    'POST /session',
    {
      good: { as: null, body: () => ({ key: world.keys.read }) },
      bad: {
        401: { as: null, body: { key: 'none of ours' } },
        403: { as: null, body: { key: 'any' }, headers: { 'sec-fetch-site': 'cross-site' } },
      },
    },
  ],
  [
    'DELETE /session',
    {
      good: { as: null, headers: withSession },
      bad: { 409: {} },
    },
  ],
]);

const JSON_TYPE = { 'content-type': 'application/json' };

/** As a browser sends it whose page is nobody knows which. */
const FOREIGN = { as: null, headers: { cookie: `starkeep_session=${'x'.repeat(43)}` } };

const brokenOff = () => new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });

/** What is refused at every operation in the same way. */
function refusals({ method, scope, path }: DocumentedOperation, good: Ask): Record<number, Ask> {
  const at = good.path ?? path;
  const isRead = method === 'GET';
  const unfit = path.includes('{') ? { path: path.replace(/{.+?}/, 'x'.repeat(201)) } : { path: `${path}?limit=0` };
  return {
    304: { ...good, path: at, headers: { 'if-none-match': '*' } },
    400: isRead ? unfit : { path: at, body: '{', headers: JSON_TYPE },
    401: { path: at, as: null },
    403: isRead ? { path: at, as: scope === 'admin' ? 'operate' : 'read' } : { path: at, ...FOREIGN },
    408: { path: at, body: brokenOff(), headers: JSON_TYPE },
    413: { path: at, body: 'x'.repeat(300_000), headers: JSON_TYPE },
    415: { path: at, body: 'x', headers: { 'content-type': 'text/plain' } },
    409: { ...good, path: at, headers: { 'idempotency-key': 'one' }, before: () => (repeated = 'under_way') },
    422: { ...good, path: at, headers: { 'idempotency-key': 'one' }, before: () => (repeated = 'other') },
    500: { ...good, path: at, before: () => (failing = { at: 'keys', how: new Error('hush') }) },
    503: { ...good, path: at, before: fail('keys', 'DatabaseUnavailable') },
  };
}

async function ask({ method, path: template }: DocumentedOperation, one: Ask): Promise<Answer> {
  const { path = template, before, headers = {}, body, ...options } = one;
  const sent = typeof headers === 'function' ? await headers() : headers;
  await before?.();
  const answer = await world.ask(method, path, {
    ...options,
    headers: sent,
    body: typeof body === 'function' ? (body as () => unknown)() : body,
  });
  failing = null;
  repeated = null;
  return answer;
}

// Describing itself asks nothing of its ports.
const documented = await documentedOperations(createV1({ version: '' } as V1Ports));

describe('the document promises what is answered', () => {
  it.each(documented.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    '%s gives each answer that it has',
    async (name, operation) => {
      const { good = {}, bad = {} } = CASES[name] ?? {};
      const [first = {}, ...more] = [good].flat();
      const asked = { ...refusals(operation, first), ...bad };

      for (const [status, one] of Object.entries(asked)) {
        if (!(status in operation.answers)) continue;
        const answer = await ask(operation, one);
        expect([name, answer.status, answer.body]).toEqual([name, Number(status), answer.body]);
      }
      for (const one of [first, ...more]) await ask(operation, one);

      const promised = Object.entries(operation.answers).flatMap(([status, types]) =>
        types.length === 0 ? [`${name} ${status}`] : types.map((type) => `${name} ${status} ${type}`),
      );
      expect(promised.filter((answer) => !world.answered.has(answer))).toEqual([]);
    },
  );

  it('has no case that is of no operation', () => {
    const names = documented.map(({ method, path }) => `${method} ${path}`);

    expect(Object.keys(CASES).filter((name) => !names.includes(name))).toEqual([]);
  });
});
